/*
 * A stand-in for libnvidia-ml.so: a few cards whose behaviour is told by a text file, read anew at
 * every call, so that a test can change it while the library is loaded. The file is named by
 * NVML_STUB_FILE at compile time. One `key value` per line; keys: cards, mig (card 0 is cut),
 * hang (function that sleeps for ever), lost (index whose handle answers GPU_IS_LOST), reset,
 * gpm (percent of each instance plus its id; absent: no counters), no_utilization, ecc, remap_failure, processes, xid, init (return value of nvmlInit), util,
 * kept_at (stamp of the last value the driver keeps of a counter; 0: it keeps none; absent: not offered),
 * kept (that value; those before it are 0), kept_kind (of the counter, as nvmlSamplingType_t; default 1).
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OK 0
#define NOT_SUPPORTED 3
#define NOT_FOUND 6
#define INSUFFICIENT_SIZE 7
#define TIMEOUT 10
#define GPU_IS_LOST 15
#define RESET_REQUIRED 16
#define MIB (1024ULL * 1024ULL)

static long setting(const char *key, long otherwise) {
  FILE *file = fopen(NVML_STUB_FILE, "r");
  char name[64];
  long value, found = otherwise;
  if (!file) return otherwise;
  while (fscanf(file, "%63s %ld", name, &value) == 2)
    if (strcmp(name, key) == 0) found = value;
  fclose(file);
  return found;
}

static void maybe_hang(const char *function) {
  char key[96];
  snprintf(key, sizeof key, "hang_%s", function);
  while (setting(key, 0)) sleep(3600);
}

/* Handles: 0x100 + index for cards, 0x200 + index for slices of card 0. */
static int is_slice(uintptr_t device) { return device >= 0x200; }
static long index_of(uintptr_t device) { return (long)(device & 0xff); }

static int state_of(uintptr_t device) {
  if (is_slice(device)) return OK;
  if (setting("lost", -1) == index_of(device)) return GPU_IS_LOST;
  if (setting("reset", -1) == index_of(device)) return RESET_REQUIRED;
  return OK;
}

static int text(char *out, unsigned length, const char *format, long value) {
  snprintf(out, length, format, value);
  return OK;
}

/* Stands for the device files that the real library holds open. */
static int driver = -1;

int nvmlInit_v2(void) {
  maybe_hang("init");
  if (driver < 0) driver = open(NVML_STUB_FILE, O_RDONLY | O_CLOEXEC);
  return (int)setting("init", OK);
}
int nvmlShutdown(void) {
  if (driver >= 0) close(driver);
  driver = -1;
  return OK;
}
int nvmlSystemGetDriverVersion(char *out, unsigned length) { return text(out, length, "550.54.%ld", 15); }
int nvmlDeviceGetCount_v2(unsigned *count) {
  *count = (unsigned)setting("cards", 2);
  return OK;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, uintptr_t *device) {
  *device = 0x100 + index;
  return OK;
}
int nvmlDeviceGetUUID(uintptr_t device, char *out, unsigned length) {
  const char *format = is_slice(device) ? "MIG-11111111-2222-3333-4444-00000000000%ld"
                                        : "GPU-11111111-2222-3333-4444-00000000000%ld";
  return text(out, length, format, index_of(device));
}
int nvmlDeviceGetSerial(uintptr_t device, char *out, unsigned length) {
  return text(out, length, "165000000000%ld", index_of(device));
}
int nvmlDeviceGetName(uintptr_t device, char *out, unsigned length) {
  (void)device;
  return text(out, length, "NVIDIA H800%.0ld", 0);
}
int nvmlDeviceGetPciInfo_v3(uintptr_t device, unsigned char *info) {
  snprintf((char *)info + 36, 32, "00000000:%02lX:00.0", 0x1a + index_of(device));
  return OK;
}
int nvmlDeviceGetMemoryInfo_v2(uintptr_t device, unsigned char *info) {
  uint64_t total = (is_slice(device) ? 9856 : 81559) * MIB;
  uint64_t used = (is_slice(device) ? 12 : setting("used", 100)) * MIB;
  int state = state_of(device);
  maybe_hang("memory");
  if (state != OK) return state;
  memcpy(info + 8, &total, 8);
  memcpy(info + 32, &used, 8);
  return OK;
}
int nvmlDeviceGetUtilizationRates(uintptr_t device, unsigned *rates) {
  if (setting("no_utilization", 0) || setting("mig", 0)) return NOT_SUPPORTED;
  if (setting("util", 0) < 0) return 999;
  (void)device;
  rates[0] = (unsigned)setting("util", 0);
  rates[1] = 0;
  return OK;
}
/* What the driver keeps: two values, a sixth of a second apart. */
int nvmlDeviceGetSamples(uintptr_t device, unsigned kind, uint64_t last, unsigned *type,
                         unsigned *count, unsigned char *samples) {
  uint64_t at = (uint64_t)setting("kept_at", -1), before = at - 166667;
  unsigned percent = (unsigned)setting("kept", 0);
  (void)device;
  if (setting("kept_at", -1) < 0) return NOT_SUPPORTED;
  if (at == 0 || kind != (unsigned)setting("kept_kind", 1) || at <= last) return NOT_FOUND;
  if (*count < 2) return INSUFFICIENT_SIZE;
  memset(samples, 0, 32);
  memcpy(samples, &before, 8);
  memcpy(samples + 16, &at, 8);
  memcpy(samples + 24, &percent, 4);
  *type = 1;
  *count = 2;
  return OK;
}
int nvmlDeviceGetPowerUsage(uintptr_t device, unsigned *milliwatts) {
  (void)device;
  *milliwatts = 71150;
  return OK;
}
int nvmlDeviceGetEnforcedPowerLimit(uintptr_t device, unsigned *milliwatts) {
  (void)device;
  *milliwatts = 700000;
  return OK;
}
int nvmlDeviceGetTemperature(uintptr_t device, unsigned sensor, unsigned *celsius) {
  (void)device;
  *celsius = sensor == 0 ? 33 : 99;
  return OK;
}
int nvmlDeviceGetTotalEccErrors(uintptr_t device, unsigned type, unsigned counter, uint64_t *count) {
  (void)device;
  *count = type == 1 && counter == 0 ? (uint64_t)setting("ecc", 0) : 77;
  return OK;
}
int nvmlDeviceGetRemappedRows(uintptr_t device, unsigned *corrected, unsigned *uncorrected,
                              unsigned *pending, unsigned *failure) {
  (void)device;
  *corrected = *uncorrected = 0;
  *pending = (unsigned)setting("remap_pending", 0);
  *failure = (unsigned)setting("remap_failure", 0);
  return OK;
}
static int processes(long count, unsigned *room, unsigned char *list, unsigned first_pid) {
  if ((long)*room < count) {
    *room = (unsigned)count;
    return INSUFFICIENT_SIZE;
  }
  for (long at = 0; at < count; at++) {
    unsigned pid = first_pid + (unsigned)at, instance = setting("mig", 0) ? 3 : 0xffffffffu;
    unsigned compute = setting("mig", 0) ? 0 : 0xffffffffu;
    uint64_t bytes = 512 * MIB;
    memset(list + at * 24, 0, 24);
    memcpy(list + at * 24, &pid, 4);
    memcpy(list + at * 24 + 8, &bytes, 8);
    memcpy(list + at * 24 + 16, &instance, 4);
    memcpy(list + at * 24 + 20, &compute, 4);
  }
  *room = (unsigned)count;
  return OK;
}
int nvmlDeviceGetComputeRunningProcesses_v3(uintptr_t device, unsigned *room, unsigned char *list) {
  (void)device;
  return processes(setting("processes", 0), room, list, 1000);
}
int nvmlDeviceGetGraphicsRunningProcesses_v3(uintptr_t device, unsigned *room, unsigned char *list) {
  (void)device;
  return processes(setting("graphics", 0), room, list, 9000);
}
int nvmlDeviceGetMigMode(uintptr_t device, unsigned *current, unsigned *pending) {
  *current = *pending = setting("mig", 0) > 0 && index_of(device) == 0;
  return OK;
}
int nvmlDeviceGetMaxMigDeviceCount(uintptr_t device, unsigned *count) {
  (void)device;
  *count = 7;
  return OK;
}
int nvmlDeviceGetMigDeviceHandleByIndex(uintptr_t device, unsigned index, uintptr_t *slice) {
  (void)device;
  if ((long)index >= setting("mig", 0)) return NOT_FOUND;
  *slice = 0x200 + index;
  return OK;
}
int nvmlDeviceGetGpuInstanceId(uintptr_t slice, unsigned *id) {
  *id = 3 + (unsigned)index_of(slice);
  return OK;
}
int nvmlDeviceGetComputeInstanceId(uintptr_t slice, unsigned *id) {
  (void)slice;
  *id = 0;
  return OK;
}
int nvmlDeviceGetAttributes_v2(uintptr_t slice, unsigned *attributes) {
  (void)slice;
  memset(attributes, 0, 40);
  attributes[0] = 16 * (unsigned)setting("slice_size", 1);
  attributes[7] = (unsigned)setting("slice_size", 1);
  return OK;
}
/* A snapshot remembers its instance; between two of one instance lies its load. */
int nvmlGpmQueryDeviceSupport(uintptr_t device, unsigned *support) {
  (void)device;
  if (support[0] != 1) return 25;
  support[1] = setting("gpm", -1) >= 0;
  return OK;
}
int nvmlGpmSampleAlloc(uintptr_t **sample) {
  *sample = calloc(1, sizeof(uintptr_t));
  return OK;
}
int nvmlGpmSampleFree(uintptr_t *sample) {
  free(sample);
  return OK;
}
int nvmlGpmMigSampleGet(uintptr_t device, unsigned instance, uintptr_t *sample) {
  (void)device;
  if (setting("gpm_fails", 0)) return 999;
  *sample = instance;
  return OK;
}
int nvmlGpmMetricsGet(unsigned char *question) {
  unsigned version, count, metric;
  uintptr_t *first, *second;
  double value;
  memcpy(&version, question, 4);
  memcpy(&count, question + 4, 4);
  memcpy(&first, question + 8, 8);
  memcpy(&second, question + 16, 8);
  memcpy(&metric, question + 24, 4);
  if (version != 1 || count != 1 || metric != 1 || first == second || *first != *second) return 2;
  value = (double)setting("gpm", 0) + (double)*second;
  memset(question + 28, 0, 4);
  memcpy(question + 32, &value, 8);
  return OK;
}
int nvmlEventSetCreate(uintptr_t *set) {
  *set = 0x900;
  return OK;
}
int nvmlEventSetFree(uintptr_t set) { return set == 0x900 ? OK : NOT_FOUND; }
int nvmlDeviceRegisterEvents(uintptr_t device, uint64_t types, uintptr_t set) {
  (void)device;
  return types == 8 && set == 0x900 ? OK : NOT_SUPPORTED;
}
static long events_told = 0;
int nvmlEventSetWait_v2(uintptr_t set, unsigned char *data, unsigned timeout_ms) {
  uint64_t device = 0x100, type = 8, xid = (uint64_t)setting("xid", 0);
  (void)set;
  (void)timeout_ms;
  if (xid == 0 || events_told > 0) return TIMEOUT;
  events_told++;
  memset(data, 0, 32);
  memcpy(data, &device, 8);
  memcpy(data + 8, &type, 8);
  memcpy(data + 16, &xid, 8);
  return OK;
}
