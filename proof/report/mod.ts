/** Reports: data of any run as one self-contained page. @module */

export type * from "./data.ts";
export { reportPage } from "./page.ts";
