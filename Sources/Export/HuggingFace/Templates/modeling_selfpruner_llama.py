"""A LLaMA whose blocks differ in their attention heads and MLP channels, as selfpruner prunes them.

Everything is transformers' own LLaMA; this file only gives every block its own shape. A sublayer that was pruned away
leaves a constant: the mean of what it used to add to the residual stream.

    AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=True)
"""

import copy

import torch
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.models.llama.modeling_llama import LlamaDecoderLayer, LlamaModel


class SelfPrunerLlamaConfig(LlamaConfig):
    """LlamaConfig with one value per block in

    - `num_attention_heads_per_layer`, `num_key_value_heads_per_layer` (0: the block has no attention),
    - `intermediate_size_per_layer` (0: the block has no MLP).

    `attention_bias` stands for the biases of q, k and v, `attention_output_bias` for that of o; `mlp_bias` for those
    of gate and up, `mlp_down_bias` for that of down.
    """

    model_type = "selfpruner_llama"

    def validate_architecture(self):
        """The widest block's heads need not divide the hidden size."""

    def of_block(self, index):
        """The configuration that transformers' LLaMA would have if all blocks were like this one."""
        config = copy.copy(self)
        # A block without attention is built with one head, which is then taken out.
        config.num_attention_heads = max(self.num_attention_heads_per_layer[index], 1)
        config.num_key_value_heads = max(self.num_key_value_heads_per_layer[index], 1)
        config.intermediate_size = max(self.intermediate_size_per_layer[index], 1)
        return config


class RemovedAttention(nn.Module):
    """What an attention leaves."""

    def __init__(self, hidden_size, has_constant, layer_idx):
        super().__init__()
        self.layer_idx = layer_idx
        self.constant = nn.Parameter(torch.zeros(hidden_size)) if has_constant else None

    def forward(self, hidden_states, past_key_values=None, past_key_value=None, **kwargs):
        cache = past_key_values if past_key_values is not None else past_key_value
        if cache is not None:
            # transformers reads how long the text is from the keys of the first block.
            batch, length, _ = hidden_states.shape
            placeholder = hidden_states.new_zeros(batch, 1, length, 1)
            cache.update(placeholder, placeholder, self.layer_idx)
        return constant_like(hidden_states, self.constant), None


class RemovedMLP(nn.Module):
    """What an MLP leaves."""

    def __init__(self, hidden_size, has_constant):
        super().__init__()
        self.constant = nn.Parameter(torch.zeros(hidden_size)) if has_constant else None

    def forward(self, hidden_states):
        return constant_like(hidden_states, self.constant)


def constant_like(hidden_states, constant):
    if constant is None:
        return torch.zeros_like(hidden_states)
    return constant.to(hidden_states.dtype).expand_as(hidden_states)


def pruned_block(config, index):
    """transformers' block with this block's heads, channels and biases."""
    own = config.of_block(index)
    block = LlamaDecoderLayer(own, index)
    if config.num_key_value_heads_per_layer[index] == 0:
        block.self_attn = RemovedAttention(config.hidden_size, config.attention_output_bias, index)
        block.input_layernorm = nn.Identity()
    else:
        # How attention is computed is asked of the whole model's configuration.
        block.self_attn.config = config
        block.self_attn.o_proj = nn.Linear(
            own.num_attention_heads * own.head_dim, config.hidden_size, bias=config.attention_output_bias
        )
    if config.intermediate_size_per_layer[index] == 0:
        block.mlp = RemovedMLP(config.hidden_size, config.mlp_down_bias)
        block.post_attention_layernorm = nn.Identity()
    else:
        block.mlp.down_proj = nn.Linear(own.intermediate_size, config.hidden_size, bias=config.mlp_down_bias)
    return block


class SelfPrunerLlamaModel(LlamaModel):
    config_class = SelfPrunerLlamaConfig

    def __init__(self, config):
        super().__init__(config)
        self.layers = nn.ModuleList(pruned_block(config, index) for index in range(config.num_hidden_layers))
        self.post_init()


class SelfPrunerLlamaForCausalLM(LlamaForCausalLM):
    config_class = SelfPrunerLlamaConfig

    def __init__(self, config):
        super().__init__(config)
        self.model = SelfPrunerLlamaModel(config)
        self.post_init()
