#include <ggml.h>
#include <gguf.h>
