/* A libnvidia-ml.so.1 of our own: NVML's ABI over a state file that tests read and write while it runs.
 *
 * The state lies in "nvml_state.bin" beside this library and is mapped shared, so it outlives a killed process like a
 * real GPU's limit does. Layout: one page of header, one page a GPU; layout.ts is the same table for TypeScript.
 * Compile with -DREAD_ONLY for a library that cannot set limits, with -DOLD_DRIVER for a library of the 450 series: no _v3 process lists, no event reasons. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096
#define MAX_CALLS 64
#define MAX_PIDS 240
#define FOREVER 0xffffffffu

enum { OK = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NO_PERMISSION = 4, NOT_FOUND = 6,
       INSUFFICIENT_SIZE = 7, DRIVER_NOT_LOADED = 9, GPU_IS_LOST = 15, UNKNOWN = 999 };

/* Numbers of the calls for faults, delays, hangs and counters; the order of layout.ts. */
enum { C_INIT, C_SHUTDOWN, C_COUNT, C_HANDLE, C_UUID, C_NAME, C_MINOR, C_MIG_MODE, C_MIG_COUNT, C_MIG_HANDLE,
       C_GET_LIMIT, C_SET_LIMIT, C_ENFORCED, C_DEFAULT, C_CONSTRAINTS, C_DRAW, C_ENERGY, C_REASONS, C_VIOLATION,
       C_PERSISTENCE, C_COMPUTE, C_GRAPHICS, C_MPS, C_DRIVER_VERSION, C_NVML_VERSION };

typedef struct {
  uint32_t fault_code[MAX_CALLS];      /* returned instead of the answer ... */
  uint32_t fault_remaining[MAX_CALLS]; /* ... this many times; FOREVER never runs out */
  uint32_t delay_ms[MAX_CALLS];
  uint32_t hang[MAX_CALLS];            /* not 0: the call waits until it is 0 again */
  uint32_t calls[MAX_CALLS];           /* how often it was called */
} faults_t;

typedef struct {
  uint32_t magic, version, gpu_count, driver_loaded, session, reserved[11];
  char driver_version[80], nvml_version[80];
  faults_t faults; /* of calls without a GPU */
} header_t;

typedef struct {
  char uuid[96], name[96];
  uint32_t minor, lost, limit_mw, out_of_band_mw, default_mw, min_mw, max_mw, draw_mw;
  uint64_t energy_mj, violation_ns, reasons;
  uint32_t persistence, mig, set_count, silent_clamp_mw, ignore_sets, round_mw, drift_after_reads, drift_to_mw;
  uint32_t unsupported, compute_count, graphics_count, mps_count;
  uint32_t compute[MAX_PIDS], graphics[16], mps[16];
  uint32_t mig_count, mig_padding;
  char mig_uuid[4][96];
  faults_t faults;
  uint32_t sets[100]; /* ring of the limits set, milliwatts, by set_count */
} gpu_t;

typedef struct { uint32_t pid, pad; uint64_t memory; uint32_t gi, ci; } process_t;
typedef struct { uint32_t pid, pad; uint64_t memory; } process_v1_t;

static volatile header_t *header;
static uint32_t my_session; /* 0: not initialised */

_Static_assert(sizeof(header_t) <= PAGE, "header fits its page");
_Static_assert(sizeof(gpu_t) <= PAGE, "a GPU fits its page");

static void map_state(void) {
  if (header) return;
  Dl_info info;
  char path[4096];
  if (!dladdr((void *)map_state, &info)) return;
  const char *slash = strrchr(info.dli_fname, '/');
  int n = slash ? (int)(slash - info.dli_fname) : 1;
  snprintf(path, sizeof path, "%.*s/nvml_state.bin", n, slash ? info.dli_fname : ".");
  int fd = open(path, O_RDWR | O_CLOEXEC);
  struct stat st;
  if (fd < 0) return;
  if (fstat(fd, &st) == 0 && st.st_size >= PAGE) {
    void *p = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p != MAP_FAILED) header = p;
  }
  close(fd);
}

static int fault(volatile faults_t *f, int call) {
  __atomic_add_fetch(&f->calls[call], 1, __ATOMIC_SEQ_CST);
  if (f->delay_ms[call]) usleep(f->delay_ms[call] * 1000);
  while (f->hang[call]) usleep(500);
  uint32_t left = f->fault_remaining[call];
  if (!left) return OK;
  if (left != FOREVER) f->fault_remaining[call] = left - 1;
  return (int)f->fault_code[call];
}

static int system_call(int call) {
  map_state();
  if (!header) return DRIVER_NOT_LOADED;
  int code = fault(&header->faults, call);
  if (code) return code;
  if (!header->driver_loaded) return DRIVER_NOT_LOADED;
  return my_session && my_session == header->session ? OK : UNINITIALIZED;
}

static volatile gpu_t *gpu_at(uint32_t index) {
  return (volatile gpu_t *)((volatile char *)header + PAGE * (1 + (size_t)index));
}

/* Handles are pointers that nobody but the library may look into: beyond what a double holds, and beyond 2^63.
 * A handle is BASE + 1 + the index; a MIG slice's is BASE + 0x10000 + 16 * index + slice. */
#define BASE ((uintptr_t)0xfedcba9876000000u)

static int device_call(uintptr_t handle, int call, volatile gpu_t **gpu) {
  map_state();
  if (!header) return DRIVER_NOT_LOADED;
  if (handle < BASE) return INVALID_ARGUMENT;
  handle -= BASE;
  if (handle >= 0x10000) handle = 1 + ((handle - 0x10000) >> 4);
  if (handle == 0 || handle > header->gpu_count) return INVALID_ARGUMENT;
  *gpu = gpu_at((uint32_t)handle - 1);
  int code = fault(&(*gpu)->faults, call);
  if (code) return code;
  if (!header->driver_loaded) return DRIVER_NOT_LOADED;
  if (!my_session || my_session != header->session) return UNINITIALIZED;
  if ((*gpu)->lost) return GPU_IS_LOST;
  if ((*gpu)->unsupported & (1u << call)) return NOT_SUPPORTED;
  return OK;
}

static int text(const volatile char *from, char *to, uint32_t length) {
  size_t n = strnlen((const char *)from, 96) + 1;
  if (length < n) return INSUFFICIENT_SIZE;
  memcpy(to, (const char *)from, n);
  to[n - 1] = 0;
  return OK;
}

int nvmlInit_v2(void) {
  map_state();
  if (!header) return DRIVER_NOT_LOADED;
  int code = fault(&header->faults, C_INIT);
  if (code) return code;
  if (!header->driver_loaded) return DRIVER_NOT_LOADED;
  my_session = header->session;
  return OK;
}

int nvmlShutdown(void) {
  int code = system_call(C_SHUTDOWN);
  if (!code) my_session = 0;
  return code;
}

int nvmlSystemGetDriverVersion(char *to, uint32_t length) {
  int code = system_call(C_DRIVER_VERSION);
  return code ? code : text(header->driver_version, to, length);
}

int nvmlSystemGetNVMLVersion(char *to, uint32_t length) {
  int code = system_call(C_NVML_VERSION);
  return code ? code : text(header->nvml_version, to, length);
}

int nvmlDeviceGetCount_v2(uint32_t *count) {
  int code = system_call(C_COUNT);
  if (!code) *count = header->gpu_count;
  return code;
}

int nvmlDeviceGetHandleByIndex_v2(uint32_t index, uintptr_t *handle) {
  map_state();
  if (!header) return DRIVER_NOT_LOADED;
  if (index >= header->gpu_count) return INVALID_ARGUMENT;
  volatile gpu_t *gpu;
  int code = device_call(BASE + 1 + index, C_HANDLE, &gpu);
  if (!code) *handle = BASE + 1 + index;
  return code;
}

int nvmlDeviceGetUUID(uintptr_t handle, char *to, uint32_t length) {
  volatile gpu_t *gpu;
  int code = device_call(handle, C_UUID, &gpu);
  if (code) return code;
  if (handle - BASE >= 0x10000) return text(gpu->mig_uuid[(handle - BASE - 0x10000) & 15], to, length);
  return text(gpu->uuid, to, length);
}

int nvmlDeviceGetName(uintptr_t handle, char *to, uint32_t length) {
  volatile gpu_t *gpu;
  int code = device_call(handle, C_NAME, &gpu);
  return code ? code : text(gpu->name, to, length);
}

int nvmlDeviceGetMigMode(uintptr_t handle, uint32_t *current, uint32_t *pending) {
  volatile gpu_t *gpu;
  int code = device_call(handle, C_MIG_MODE, &gpu);
  if (!code) *current = *pending = gpu->mig;
  return code;
}

int nvmlDeviceGetMaxMigDeviceCount(uintptr_t handle, uint32_t *count) {
  volatile gpu_t *gpu;
  int code = device_call(handle, C_MIG_COUNT, &gpu);
  if (!code) *count = 7;
  return code;
}

int nvmlDeviceGetMigDeviceHandleByIndex(uintptr_t handle, uint32_t index, uintptr_t *slice) {
  volatile gpu_t *gpu;
  int code = device_call(handle, C_MIG_HANDLE, &gpu);
  if (code) return code;
  if (index >= gpu->mig_count || index >= 4) return NOT_FOUND;
  *slice = BASE + 0x10000 + ((handle - BASE - 1) << 4) + index;
  return OK;
}

int nvmlDeviceGetPowerManagementLimit(uintptr_t handle, uint32_t *mw) {
  volatile gpu_t *gpu;
  int code = device_call(handle, C_GET_LIMIT, &gpu);
  if (code) return code;
  *mw = gpu->limit_mw;
  if (gpu->drift_after_reads && --gpu->drift_after_reads == 0) gpu->limit_mw = gpu->drift_to_mw;
  return OK;
}

#ifndef READ_ONLY
int nvmlDeviceSetPowerManagementLimit(uintptr_t handle, uint32_t mw) {
  volatile gpu_t *gpu;
  int code = device_call(handle, C_SET_LIMIT, &gpu);
  if (code) return code;
  if (mw < gpu->min_mw || mw > gpu->max_mw) return INVALID_ARGUMENT;
  gpu->sets[gpu->set_count % 100] = mw;
  gpu->set_count++;
  if (gpu->ignore_sets) return OK;
  if (gpu->silent_clamp_mw && mw > gpu->silent_clamp_mw) mw = gpu->silent_clamp_mw;
  if (gpu->round_mw) mw -= mw % gpu->round_mw;
  gpu->limit_mw = mw;
  return OK;
}
#endif

#define VALUE(symbol, number, type, expression)              \
  int symbol(uintptr_t handle, type *out) {                  \
    volatile gpu_t *gpu;                                     \
    int code = device_call(handle, number, &gpu);            \
    if (!code) *out = (expression);                          \
    return code;                                             \
  }

VALUE(nvmlDeviceGetMinorNumber, C_MINOR, uint32_t, gpu->minor)
VALUE(nvmlDeviceGetEnforcedPowerLimit, C_ENFORCED, uint32_t,
      gpu->out_of_band_mw && gpu->out_of_band_mw < gpu->limit_mw ? gpu->out_of_band_mw : gpu->limit_mw)
VALUE(nvmlDeviceGetPowerManagementDefaultLimit, C_DEFAULT, uint32_t, gpu->default_mw)
VALUE(nvmlDeviceGetPowerUsage, C_DRAW, uint32_t, gpu->draw_mw)
VALUE(nvmlDeviceGetTotalEnergyConsumption, C_ENERGY, uint64_t, gpu->energy_mj)
VALUE(nvmlDeviceGetPersistenceMode, C_PERSISTENCE, uint32_t, gpu->persistence)
VALUE(nvmlDeviceGetCurrentClocksThrottleReasons, C_REASONS, uint64_t, gpu->reasons)
#ifndef OLD_DRIVER
VALUE(nvmlDeviceGetCurrentClocksEventReasons, C_REASONS, uint64_t, gpu->reasons)
#endif

int nvmlDeviceGetPowerManagementLimitConstraints(uintptr_t handle, uint32_t *min, uint32_t *max) {
  volatile gpu_t *gpu;
  int code = device_call(handle, C_CONSTRAINTS, &gpu);
  if (!code) *min = gpu->min_mw, *max = gpu->max_mw;
  return code;
}

int nvmlDeviceGetViolationStatus(uintptr_t handle, uint32_t policy, uint64_t out[2]) {
  volatile gpu_t *gpu;
  int code = device_call(handle, C_VIOLATION, &gpu);
  if (code) return code;
  if (policy != 0) return INVALID_ARGUMENT;
  out[0] = 0, out[1] = gpu->violation_ns;
  return OK;
}

static int list(uintptr_t handle, int call, uint32_t *count, void *out, int v1) {
  volatile gpu_t *gpu;
  int code = device_call(handle, call, &gpu);
  if (code) return code;
  uint32_t n = call == C_COMPUTE ? gpu->compute_count : call == C_GRAPHICS ? gpu->graphics_count : gpu->mps_count;
  volatile uint32_t *pids = call == C_COMPUTE ? gpu->compute : call == C_GRAPHICS ? gpu->graphics : gpu->mps;
  uint32_t room = *count;
  *count = n;
  if (room < n || (n && !out)) return INSUFFICIENT_SIZE;
  for (uint32_t i = 0; i < n; i++) {
    if (v1) ((process_v1_t *)out)[i] = (process_v1_t){ pids[i], 0, 1 << 20 };
    else ((process_t *)out)[i] = (process_t){ pids[i], 0, 1 << 20, FOREVER, FOREVER };
  }
  return OK;
}

int nvmlDeviceGetComputeRunningProcesses(uintptr_t handle, uint32_t *count, void *out) {
  return list(handle, C_COMPUTE, count, out, 1);
}
#ifndef OLD_DRIVER
int nvmlDeviceGetComputeRunningProcesses_v3(uintptr_t handle, uint32_t *count, void *out) {
  return list(handle, C_COMPUTE, count, out, 0);
}
int nvmlDeviceGetGraphicsRunningProcesses_v3(uintptr_t handle, uint32_t *count, void *out) {
  return list(handle, C_GRAPHICS, count, out, 0);
}
int nvmlDeviceGetMPSComputeRunningProcesses_v3(uintptr_t handle, uint32_t *count, void *out) {
  return list(handle, C_MPS, count, out, 0);
}
#endif
