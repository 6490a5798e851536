/* Compiler attributes, spelled once. */
#ifndef FA_BASE_ATTR_H
#define FA_BASE_ATTR_H

#define FA_MUSTCHECK    __attribute__((warn_unused_result))
#define FA_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define FA_WEAK         __attribute__((weak)) /* NULL where nothing defines it */
#define FA_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
