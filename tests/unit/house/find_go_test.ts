/** Which Go compiler the test servers are built with. @module */

import { strictEqual } from "node:assert";
import { isNewEnough } from "../../run/go/find_go.ts";

for (
  const [text, expected] of [
    ["go version go1.26.8 linux/amd64", true],
    ["go version go1.24 linux/arm64", true],
    ["go version go1.24rc1 linux/amd64", true],
    ["go version go2.0 linux/amd64", true],
    ["go version go1.19.8 linux/amd64", false],
    ["go version go1.9 linux/amd64", false],
    ["go version devel +abc linux/amd64", false],
    ["", false],
  ] as const
) {
  Deno.test(`isNewEnough() says ${expected} to "${text}"`, () => {
    strictEqual(isNewEnough(text), expected);
  });
}
