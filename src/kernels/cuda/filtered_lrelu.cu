// The filtered leaky ReLU (Karras et al. 2021, section 3 and figure 4b) in one pass over memory.
//
// A block makes one tile of one plane: the input with its halo comes into shared memory once, is
// upsampled along the rows, then walked down column by column (upsampling, nonlinearity and, for a
// separable filter, downsampling all in registers), and downsampled along the rows. The upsampled
// plane exists nowhere, except for a two-dimensional downsampling filter, which needs its tile.
//
// Compiled at run time for one operator and size of picture. plan.rs defines, and explains, the
// constants in capitals. Arithmetic is float32 whatever the storage.

#if HALF
typedef unsigned short Stored;
#else
typedef float Stored;
#endif

#ifdef EMULATED // By the tests' emulation.h.
using ::narrow;
using ::widen;
#else
__device__ inline float widen(unsigned short v) {
    float wide;
    asm("cvt.f32.f16 %0, %1;" : "=f"(wide) : "h"(v));
    return wide;
}
__device__ inline void narrow(unsigned short& to, float v) {
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(to) : "f"(v));
}
#endif
__device__ inline float widen(float v) { return v; }
__device__ inline void narrow(float& to, float v) { to = v; }

template <int N> struct alignas(N * sizeof(Stored)) Pack { Stored v[N]; };
struct alignas(16) Quad { float v[4]; };

// Laid out as launch.rs writes it. Being a parameter, it lies in constant memory, and taps whose
// place is known to the compiler are operands of the multiplications.
struct Arguments {
    const Stored* x;       // [planes, in_h, in_w]
    const float* bias;     // [channels]; null for none
    Stored* y;             // [planes, out_h, out_w]
    unsigned* signs;       // [planes, ceil(signs_h / 16), signs_w]; row r in bits 2 (r % 16)
    long long first_plane; // of this launch
    int channels, in_h, in_w, out_h, out_w;
    int first_row, first_column; // of the input, for the first tile
    int tiles_y, tiles_x;
    int signs_h, signs_w;        // the forward pass's upsampled grid
    int signs_row, signs_column; // where that grid begins in this pass's upsampled grid
    float slope, clamp;
    float up[UP_2D ? UP * WINDOW * UP * WINDOW : UP * WINDOW];
    float down[DOWN_2D ? DOWN_TAPS * DOWN_TAPS : DOWN_TAPS];
};

struct Tile {
    long long plane;
    int y, x; // of its first output
};

// Brings the input with its halo into `to`, the bias added; what is padded is 0. Answers with the place
// of the halo's first column: packs lie where the rows' alignment puts them, and may begin before it.
__device__ inline int load(const Arguments& a, const Tile& tile, float* to) {
    const int row0 = a.first_row + tile.y * DOWN / UP;
    const int column0 = a.first_column + tile.x * DOWN / UP;
    const int ahead = column0 & (LOAD - 1);
    const float bias = a.bias ? a.bias[tile.plane % a.channels] : 0.0f;
    const Stored* plane = a.x + tile.plane * a.in_h * a.in_w;
#pragma unroll 4
    for (int i = threadIdx.x; i < IN_H * IN_PACKS; i += THREADS) {
        const int y = i / IN_PACKS, x = i % IN_PACKS * LOAD;
        const int row = row0 + y, column = column0 - ahead + x;
        // Unsigned, negative places are far outside, too.
        const bool inside = (unsigned)row < (unsigned)a.in_h && (unsigned)column < (unsigned)a.in_w;
        Pack<LOAD> pack = {};
        if (inside) pack = *(const Pack<LOAD>*)(plane + (long long)row * a.in_w + column);
#pragma unroll
        for (int k = 0; k < LOAD; ++k)
            to[y * IN_PITCH + x + k] = inside ? widen(pack.v[k]) + bias : 0.0f;
    }
    return ahead;
}

#if !UP_2D
// Upsamples along the rows. A warp's lanes take different rows, which the odd pitches put into
// different banks; each makes the samples of four inputs.
__device__ inline void upsample_rows(const Arguments& a, const float* in, float* out) {
    for (int i = threadIdx.x; i < IN_H * QUADS; i += THREADS) {
        const int y = i % IN_H, x = i / IN_H * 4;
        float window[WINDOW + 3];
#pragma unroll
        for (int k = 0; k < WINDOW + 3; ++k) window[k] = in[y * IN_PITCH + x + k];
#pragma unroll
        for (int k = 0; k < 4 * UP; ++k) {
            float sum = 0.0f;
#pragma unroll
            for (int j = 0; j < WINDOW; ++j) sum += a.up[k % UP + UP * j] * window[k / UP + WINDOW - 1 - j];
            out[y * ROWS_PITCH + x * UP + k] = sum;
        }
    }
}
#endif

// What a thread that walks down takes with it: the newest WINDOW rows of its inputs, newest last.
// Across, the rows are upsampled already (one column), or UP columns are made of WINDOW inputs.
constexpr int COLUMNS = UP_2D ? UP : 1;
constexpr int ACROSS = UP_2D ? WINDOW : 1;
constexpr int WALK_PITCH = UP_2D ? IN_PITCH : ROWS_PITCH;

struct Walk {
    const float* next;
    float window[WINDOW][ACROSS];

    __device__ inline explicit Walk(const float* from) : next(from) {
#pragma unroll
        for (int k = 0; k < WINDOW - 1; ++k) advance();
    }

    __device__ inline void advance() {
#pragma unroll
        for (int i = 0; i < ACROSS; ++i) {
#pragma unroll
            for (int j = 0; j < WINDOW - 1; ++j) window[j][i] = window[j + 1][i];
            window[WINDOW - 1][i] = next[i];
        }
        next += WALK_PITCH;
    }

    // The upsampled sample of this phase down and across.
    __device__ inline float sample(const Arguments& a, int down, int across) const {
        float sum = 0.0f;
#pragma unroll
        for (int j = 0; j < WINDOW; ++j)
#pragma unroll
            for (int i = 0; i < ACROSS; ++i) {
                const int row = down + UP * j, column = across + UP * i;
                sum += a.up[UP_2D ? row * UP * WINDOW + column : row] * window[WINDOW - 1 - j][ACROSS - 1 - i];
            }
        return sum;
    }
};

// The nonlinearity down one column of the tile, with the two bits a sample that training keeps (1:
// was negative, 2: was clamped). KEEPS writes them; READS applies the derivative that they tell.
struct Nonlinearity {
    float slope, clamp;
#if KEEPS || READS
    unsigned* words; // of this column; null where this tile has nothing to do with it
    int words_pitch, rows, word_index;
    int offset; // READS: of the tile's row 0 in the stored grid
    unsigned word;
#endif

    __device__ inline void begin(const Arguments& a, const Tile& tile, int column) {
        slope = a.slope;
        clamp = a.clamp;
#if KEEPS || READS
        const long long groups = (a.signs_h + 15) / 16;
        const int x = tile.x * DOWN + column - a.signs_column;
        bool ours = x >= 0 && x < a.signs_w;
        offset = tile.y * DOWN - a.signs_row;
        rows = a.signs_h;
        word_index = -1;
#if KEEPS
        // Overlaps belong to the next tile, which is why a tile's height is whole words.
        ours = ours && column >= 0 && (column < TILE_W * DOWN || tile.x + TILE_W >= a.out_w);
        rows -= offset;
        if (tile.y + TILE_H < a.out_h && rows > TILE_H * DOWN) rows = TILE_H * DOWN;
#endif
        words_pitch = a.signs_w;
        words = ours ? a.signs + tile.plane * groups * a.signs_w + x : nullptr;
        if (KEEPS && ours) words += (long long)(offset / 16) * a.signs_w;
        word = 0;
#endif
    }

#if KEEPS
    __device__ inline void write(int row) {
        if (words && row / 16 * 16 < rows) words[(long long)(row / 16) * words_pitch] = word;
        word = 0;
    }
#endif

    // Rows come in order; those above the tile are negative.
    __device__ inline float apply(float v, int row) {
#if READS
        const int at = row + offset;
        if (!words || at < 0 || at >= rows) return 0.0f;
        if (at / 16 != word_index) {
            word_index = at / 16;
            word = words[(long long)word_index * words_pitch];
        }
        const unsigned sign = word >> at % 16 * 2;
        return sign & 2 ? 0.0f : sign & 1 ? v * slope : v;
#else
        // Comparisons rather than minima: what is not a number stays so.
        const bool negative = v < 0.0f;
        v = negative ? v * slope : v;
        const bool clamped = fabsf(v) > clamp;
        v = clamped ? copysignf(clamp, v) : v;
#if KEEPS
        if (row >= 0) {
            word |= (unsigned)(negative | clamped << 1) << row % 16 * 2;
            if (row % 16 == 15) write(row);
        }
#endif
        return v;
#endif
    }
};

// Walks down the columns: item i makes the tile's columns from `first_column(i)` on.
constexpr int WALKS = UP_2D ? (SHIFT_X + MID_W + UP - 1) / UP : MID_W;
__device__ inline int first_column(int i) { return UP_2D ? i * UP - SHIFT_X : i; }
__device__ inline const float* walk_from(const float* in, int i) { return in + (UP_2D ? i : i + SHIFT_X); }

#if DOWN_2D
// Upsamples down the columns and keeps the tile, its columns sorted by their remainder modulo DOWN,
// so that the outputs of neighbouring lanes read neighbouring samples.
__device__ inline void walk_columns(const Arguments& a, const Tile& tile, const float* in, float* out) {
    for (int i = threadIdx.x; i < WALKS * STRIPS; i += THREADS) {
        const int strip = i / WALKS, column = first_column(i % WALKS);
        Walk walk(walk_from(in, i % WALKS) + strip * (16 / UP) * WALK_PITCH);
        Nonlinearity act[COLUMNS];
#pragma unroll
        for (int c = 0; c < COLUMNS; ++c) act[c].begin(a, tile, column + c);
#pragma unroll
        for (int step = 0; step < (16 + SHIFT_Y + UP - 1) / UP; ++step) {
            walk.advance();
#pragma unroll
            for (int k = 0; k < UP * COLUMNS; ++k) {
                const int in_strip = step * UP + k / COLUMNS - SHIFT_Y, row = strip * 16 + in_strip;
                if (in_strip < 0 || in_strip >= 16) continue;
                const int x = column + k % COLUMNS;
                const float v = act[k % COLUMNS].apply(walk.sample(a, k / COLUMNS, k % COLUMNS), row);
                if (row < MID_H && x >= 0 && x < MID_W) out[(row * DOWN + x % DOWN) * PLANE_PITCH + x / DOWN] = v;
            }
        }
    }
}

// Downsamples with the two-dimensional filter: a thread makes four outputs of four rows, and reads
// each row of samples once. Mirrored columns of the filter share a multiplication.
__device__ inline void downsample(const Arguments& a, const float* in, float* out) {
    constexpr int READ = (4 + (DOWN_TAPS - 1) / DOWN + 3) / 4;
    constexpr int PRODUCTS = MIRRORED ? DOWN_TAPS / 2 : DOWN_TAPS;
    for (int i = threadIdx.x; i < TILE_H / 4 * (TILE_W / 4); i += THREADS) {
        const int x = i % (TILE_W / 4) * 4, y = i / (TILE_W / 4) * 4;
        float sums[4][4] = {};
#pragma unroll UNROLL_2D
        for (int row = 0; row < 3 * DOWN + DOWN_TAPS; ++row) {
            Quad samples[DOWN][READ];
#pragma unroll
            for (int k = 0; k < DOWN * READ; ++k)
                samples[k / READ][k % READ] =
                    *(const Quad*)(in + ((y * DOWN + row) * DOWN + k / READ) * PLANE_PITCH + x + k % READ * 4);
#pragma unroll
            for (int k = 0; k < 4 * PRODUCTS; ++k) {
                const int t = k % PRODUCTS, at = k / PRODUCTS + t / DOWN;
                float v = samples[t % DOWN][at / 4].v[at % 4];
                if (MIRRORED) {
                    const int u = DOWN_TAPS - 1 - t, other = k / PRODUCTS + u / DOWN;
                    v += samples[u % DOWN][other / 4].v[other % 4];
                }
#pragma unroll
                for (int j = 0; j < 4; ++j) {
                    const int tap = row - j * DOWN;
                    if (tap >= 0 && tap < DOWN_TAPS) sums[j][k / PRODUCTS] += a.down[tap * DOWN_TAPS + t] * v;
                }
            }
        }
#pragma unroll
        for (int k = 0; k < 16; ++k) out[(y + k / 4) * OUT_PITCH + x + k % 4] = sums[k / 4][k % 4];
    }
}
#else
// Upsamples, activates and downsamples down the columns. One step makes STEP samples and finishes
// STEP / DOWN outputs; the PENDING outputs before the newest are being summed meanwhile.
__device__ inline void walk_columns(const Arguments& a, const Tile& tile, const float* in, float* out) {
    constexpr int FINISHED = STEP / DOWN, SUMS = PENDING + FINISHED;
    for (int i = threadIdx.x; i < WALKS; i += THREADS) {
        const int column = first_column(i);
        Walk walk(walk_from(in, i));
        Nonlinearity act[COLUMNS];
#pragma unroll
        for (int c = 0; c < COLUMNS; ++c) act[c].begin(a, tile, column + c);
        float sums[COLUMNS][SUMS] = {};
#pragma unroll 4
        for (int step = 0; step < STEPS; ++step) {
#pragma unroll
            for (int k = 0; k < STEP * COLUMNS; ++k) {
                const int made = k / COLUMNS, row = made - SHIFT_Y, c = k % COLUMNS;
                if (made % UP == 0 && c == 0) walk.advance();
                const float v = act[c].apply(walk.sample(a, made % UP, c), step * STEP + row);
#pragma unroll
                for (int j = 0; j < SUMS; ++j) {
                    const int tap = row + (PENDING - j) * DOWN;
                    if (tap >= 0 && tap < DOWN_TAPS) sums[c][j] += a.down[tap] * v;
                }
            }
#pragma unroll
            for (int c = 0; c < COLUMNS; ++c) {
#pragma unroll
                for (int j = 0; j < FINISHED; ++j) {
                    const int y = step * FINISHED + j - PENDING, x = column + c;
                    if (y >= 0 && y < TILE_H && x >= 0 && x < MID_W) out[y * WALKED_PITCH + x] = sums[c][j];
                }
#pragma unroll
                for (int j = 0; j < SUMS; ++j) sums[c][j] = j + FINISHED < SUMS ? sums[c][j + FINISHED] : 0.0f;
            }
        }
#if KEEPS
        constexpr int WALKED = STEPS * STEP - SHIFT_Y;
#pragma unroll
        for (int c = 0; c < COLUMNS; ++c)
            if (WALKED % 16 != 0) act[c].write(WALKED - 1);
#endif
    }
}

// Downsamples along the rows; lanes as in upsample_rows, four outputs each.
__device__ inline void downsample(const Arguments& a, const float* in, float* out) {
    for (int i = threadIdx.x; i < TILE_H * (TILE_W / 4); i += THREADS) {
        const int y = i % TILE_H, x = i / TILE_H * 4;
        float window[3 * DOWN + DOWN_TAPS];
#pragma unroll
        for (int k = 0; k < 3 * DOWN + DOWN_TAPS; ++k) window[k] = in[y * WALKED_PITCH + x * DOWN + k];
#pragma unroll
        for (int k = 0; k < 4; ++k) {
            float sum = 0.0f;
#pragma unroll
            for (int t = 0; t < DOWN_TAPS; ++t) sum += a.down[t] * window[k * DOWN + t];
            out[y * OUT_PITCH + x + k] = sum;
        }
    }
}
#endif

__device__ inline void store(const Arguments& a, const Tile& tile, const float* in) {
    Stored* plane = a.y + tile.plane * a.out_h * a.out_w;
    constexpr int PACKS = TILE_W / STORE;
    for (int i = threadIdx.x; i < TILE_H * PACKS; i += THREADS) {
        const int y = i / PACKS, x = i % PACKS * STORE;
        if (tile.y + y >= a.out_h || tile.x + x >= a.out_w) continue;
        Pack<STORE> pack;
#pragma unroll
        for (int k = 0; k < STORE; ++k) narrow(pack.v[k], in[y * OUT_PITCH + x + k]);
        *(Pack<STORE>*)(plane + (long long)(tile.y + y) * a.out_w + tile.x + x) = pack;
    }
}

extern "C" __global__ void __launch_bounds__(THREADS) filtered_lrelu(const __grid_constant__ Arguments a) {
    extern __shared__ Quad shared[];
    // Each is used twice: what it holds first is spent by the time the second comes.
    float* front = (float*)shared;
    float* back = front + FRONT;
    const int tiles = a.tiles_y * a.tiles_x, index = blockIdx.x % tiles;
    const Tile tile = {
        a.first_plane + blockIdx.x / tiles, index / a.tiles_x * TILE_H, index % a.tiles_x * TILE_W};
#if UP_2D
    const float* walked = front + load(a, tile, front);
#else
    const int ahead = load(a, tile, back);
    __syncthreads();
    upsample_rows(a, back + ahead, front);
    const float* walked = front;
#endif
    __syncthreads();
    walk_columns(a, tile, walked, back);
    __syncthreads();
    downsample(a, back, front);
    __syncthreads();
    store(a, tile, front);
}
