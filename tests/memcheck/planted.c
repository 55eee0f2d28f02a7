/* Faults on purpose, in a library whose name is like ours: memcheck must report them, or it sees
 * nothing. Functions for SQL need no headers of the server:
 *   CREATE FUNCTION semisync_planted RETURNS INTEGER SONAME 'semisync_planted.so' */
#include <stdlib.h>

char semisync_planted_init(void *init, void *args, char *message) {
    (void)init, (void)args, (void)message;
    return 0;
}

long long semisync_planted(void *init, void *args, unsigned char *is_null, unsigned char *error) {
    (void)init, (void)args, (void)is_null, (void)error;
    /* Many: a word on some stack, or in a register, may still point to one or two at the end. */
    for (int i = 0; i < 64; i++) {
        volatile char *lost = malloc(4321);
        lost[0] = 1;
    }
    volatile char *freed = malloc(16);
    freed[3] = 7;
    free((void *)freed);
    return freed[3];
}
