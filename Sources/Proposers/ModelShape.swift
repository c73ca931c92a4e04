/// What prompts say of the model under pruning.
package struct ModelShape: Sendable {
    package var name: String
    package var blocks: Int
    package var hiddenSize: Int
    package var parameters: Int
    /// Fraction of the blocks' parameters to remove.
    package var rate: Double

    package init(name: String, blocks: Int, hiddenSize: Int, parameters: Int, rate: Double) {
        self.name = name
        self.blocks = blocks
        self.hiddenSize = hiddenSize
        self.parameters = parameters
        self.rate = rate
    }
}
