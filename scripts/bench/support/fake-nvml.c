/*
 * A stand-in for libnvidia-ml.so with eight H800 cards: the first four idle, the others busy with
 * figures that change at every call. Only what a healthy node answers.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define OK 0
#define TIMEOUT 10
#define CARDS 8
#define MIB (1024ULL * 1024ULL)

static unsigned noise_state = 1;
static unsigned noise(unsigned range) {
  noise_state = noise_state * 1103515245u + 12345u;
  return (noise_state >> 16) % range;
}
static long index_of(uintptr_t device) { return (long)(device & 0xff); }
static int is_busy(uintptr_t device) { return index_of(device) >= CARDS / 2; }
static int text(char *out, unsigned length, const char *format, long value) {
  snprintf(out, length, format, value);
  return OK;
}

int nvmlInit_v2(void) { return OK; }
int nvmlShutdown(void) { return OK; }
int nvmlSystemGetDriverVersion(char *out, unsigned length) { return text(out, length, "550.54.%ld", 15); }
int nvmlDeviceGetCount_v2(unsigned *count) {
  *count = CARDS;
  return OK;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, uintptr_t *device) {
  *device = 0x100 + index;
  return OK;
}
int nvmlDeviceGetUUID(uintptr_t device, char *out, unsigned length) {
  return text(out, length, "GPU-22222222-3333-4444-5555-00000000000%ld", index_of(device));
}
int nvmlDeviceGetSerial(uintptr_t device, char *out, unsigned length) {
  return text(out, length, "165000000000%ld", index_of(device));
}
int nvmlDeviceGetName(uintptr_t device, char *out, unsigned length) {
  (void)device;
  return text(out, length, "NVIDIA H%ld", 800);
}
int nvmlDeviceGetPciInfo_v3(uintptr_t device, unsigned char *info) {
  snprintf((char *)info + 36, 32, "00000000:%02lX:00.0", 0x1a + index_of(device));
  return OK;
}
int nvmlDeviceGetMemoryInfo_v2(uintptr_t device, unsigned char *info) {
  uint64_t total = 81559 * MIB;
  uint64_t used = (is_busy(device) ? 60000 + 1000 * index_of(device) + noise(64) : 1) * MIB;
  memcpy(info + 8, &total, 8);
  memcpy(info + 32, &used, 8);
  return OK;
}
int nvmlDeviceGetUtilizationRates(uintptr_t device, unsigned *rates) {
  rates[0] = is_busy(device) ? 85 + noise(15) : 0;
  rates[1] = is_busy(device) ? 30 + noise(30) : 0;
  return OK;
}
int nvmlDeviceGetEncoderUtilization(uintptr_t device, unsigned *percent, unsigned *period) {
  (void)device;
  *percent = 0;
  *period = 167000;
  return OK;
}
int nvmlDeviceGetDecoderUtilization(uintptr_t device, unsigned *percent, unsigned *period) {
  return nvmlDeviceGetEncoderUtilization(device, percent, period);
}
int nvmlDeviceGetPowerUsage(uintptr_t device, unsigned *milliwatts) {
  *milliwatts = is_busy(device) ? 350000 + noise(340000) : 66000 + noise(6000);
  return OK;
}
int nvmlDeviceGetEnforcedPowerLimit(uintptr_t device, unsigned *milliwatts) {
  (void)device;
  *milliwatts = 700000;
  return OK;
}
int nvmlDeviceGetTemperature(uintptr_t device, unsigned sensor, unsigned *celsius) {
  (void)sensor;
  *celsius = is_busy(device) ? 60 + noise(15) : 31 + noise(4);
  return OK;
}
int nvmlDeviceGetTotalEccErrors(uintptr_t device, unsigned type, unsigned counter, uint64_t *count) {
  (void)device;
  (void)type;
  (void)counter;
  *count = 0;
  return OK;
}
int nvmlDeviceGetRemappedRows(uintptr_t device, unsigned *corrected, unsigned *uncorrected,
                              unsigned *pending, unsigned *failure) {
  (void)device;
  *corrected = *uncorrected = *pending = *failure = 0;
  return OK;
}
int nvmlDeviceGetComputeRunningProcesses_v3(uintptr_t device, unsigned *room, unsigned char *list) {
  unsigned pid = 1000 + (unsigned)index_of(device), absent = 0xffffffffu;
  uint64_t bytes = 60000 * MIB;
  if (!is_busy(device)) {
    *room = 0;
    return OK;
  }
  if (*room < 1) {
    *room = 1;
    return 7; /* INSUFFICIENT_SIZE */
  }
  memset(list, 0, 24);
  memcpy(list, &pid, 4);
  memcpy(list + 8, &bytes, 8);
  memcpy(list + 16, &absent, 4);
  memcpy(list + 20, &absent, 4);
  *room = 1;
  return OK;
}
int nvmlDeviceGetGraphicsRunningProcesses_v3(uintptr_t device, unsigned *room, unsigned char *list) {
  (void)device;
  (void)list;
  *room = 0;
  return OK;
}
int nvmlDeviceGetMigMode(uintptr_t device, unsigned *current, unsigned *pending) {
  (void)device;
  *current = *pending = 0;
  return OK;
}
int nvmlEventSetCreate(uintptr_t *set) {
  *set = 0x900;
  return OK;
}
int nvmlEventSetFree(uintptr_t set) {
  (void)set;
  return OK;
}
int nvmlDeviceRegisterEvents(uintptr_t device, uint64_t types, uintptr_t set) {
  (void)device;
  (void)types;
  (void)set;
  return OK;
}
int nvmlEventSetWait_v2(uintptr_t set, unsigned char *data, unsigned timeout_ms) {
  (void)set;
  (void)data;
  (void)timeout_ms;
  return TIMEOUT;
}
