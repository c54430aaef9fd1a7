/** The version of the product, written once. @module */

/** Semantic version of this source tree. */
export const VERSION = "0.1.0";
