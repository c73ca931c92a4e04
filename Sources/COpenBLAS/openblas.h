#include <cblas.h>

// LAPACK's Fortran interface, which every OpenBLAS exports; lapacke.h is a package of its own on Debian.
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
void spotrf_(const char *uplo, const int *n, float *a, const int *lda, int *info);
