/** The data store: where packs, systems and model configurations live. @module */

export { DataStore, openStore, type StoredModelConfig } from "./data_store.ts";
export { DISK, type StoreDisk } from "./durable_file.ts";
export { readFailure } from "./file_error.ts";
export { defaultStoreDirectory } from "./location.ts";
export { measuredPacks } from "./measured_packs.ts";
export { powerDonors } from "./power_donors.ts";
export {
  INDEX_FILE,
  type IndexedVersions,
  STORE_FORMAT_VERSION,
  type StoreIndex,
} from "./store_index.ts";
export {
  type ImportRecord,
  openStoreForWriting,
  StoreWriter,
  type StoreWriterOptions,
} from "./store_writer.ts";
export { compareVersions, isVersion } from "./version_order.ts";
export { type VersionSlots } from "./version_slots.ts";
