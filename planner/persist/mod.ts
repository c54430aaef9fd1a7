/** What survives a restart. @module */

export { type Loaded, StateFile } from "./state_file.ts";
