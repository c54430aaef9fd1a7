/** Where `libnvidia-ml.so.1` is looked for: absolute paths only, as scoped FFI permission needs them. @module */

/** Paths in the order they are tried: the container toolkit's and Debian's first, then other distributions'. */
export const NVML_LIBRARY_CANDIDATES: readonly string[] = [
  "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1",
  "/usr/lib/aarch64-linux-gnu/libnvidia-ml.so.1",
  "/usr/lib64/libnvidia-ml.so.1",
  "/usr/lib/libnvidia-ml.so.1",
  "/usr/local/nvidia/lib64/libnvidia-ml.so.1",
  "/run/nvidia/driver/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1",
  "/run/nvidia/driver/usr/lib/aarch64-linux-gnu/libnvidia-ml.so.1",
  "/run/opengl-driver/lib/libnvidia-ml.so.1",
];
