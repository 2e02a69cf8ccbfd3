// The integer multipliers, one file each, with the same names.
//
// multiply_tile<R, LINES> adds a tile [2][16][16][4] times R <= INT8_ROWS rows, words [16][R], to the sums. Meanwhile
// it fetches 16 * LINES lines from `next` on: memory is busy while the processor multiplies. It takes every weight as
// WEIGHT_OFFSET too large, which finish_sums mends.
//
// multiply_codes<R> does so for a panel of int4 and R <= INT4_STREAM_ROWS rows, straight from memory; expand_tile
// writes one tile of int4 as a tile of int8.
//
// multiply_bytes<R, UNSIGNED, STREAMED> adds rows [R] times a tile [2][words][16][4] to sums [R][2]. Rows are UNSIGNED
// bytes, four of them to a word, or signed ones, whose sums begin at -TILE_BIAS * the row's sum.
//
// multiply_register is one sum plus products of as many int8 as its register holds: the instructions of multiply_tile.
#pragma once

#if defined(__AVX512VNNI__)
#include "isa/multiply/vnni.h"
#elif defined(__AVX2__)
#include "isa/multiply/avx2.h"
#else
#include "isa/multiply/portable.h"
#endif
