// The functions are inline; a target needs a file to compile.
#include "transposing.h"
