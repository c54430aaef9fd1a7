import { deepStrictEqual, ok, throws } from "node:assert";
import fc from "fast-check";
import { parse, stringify } from "yaml";
import {
  parseYamlSubset,
  YamlSubsetError,
  type YamlValue,
} from "../../../../cluster/kubeconfig/yaml_subset.ts";

const plain = { noNullPrototype: true };
const someKey = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_./-]{0,12}$/);
const someScalar = fc.oneof(
  fc.stringMatching(/^[ -~äß]{0,30}$/),
  fc.base64String({ maxLength: 60 }),
  fc.boolean(),
  fc.constant(null),
);
const { tree: someTree } = fc.letrec<{ tree: YamlValue }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    someScalar,
    fc.dictionary(someKey, tie("tree"), { maxKeys: 4, ...plain }),
    fc.array(tie("tree"), { maxLength: 4 }),
  ),
}));

const someDocument = fc.dictionary(someKey, someTree, {
  minKeys: 1,
  maxKeys: 5,
  ...plain,
});

Deno.test("what a YAML library writes is read as the library reads it, or refused", () => {
  let read = 0;
  fc.assert(
    fc.property(someDocument, fc.boolean(), (tree, indentSeq) => {
      const text = stringify(tree, { lineWidth: 0, indentSeq });
      try {
        deepStrictEqual(parseYamlSubset(text), tree);
        read++;
      } catch (error) {
        ok(error instanceof YamlSubsetError, String(error));
      }
    }),
    { numRuns: 1000, seed: 6 },
  );
  ok(read > 900, `${read} of 1000 were read`);
});

Deno.test("any text is read as a YAML library reads it, or refused", () => {
  const fragment = fc.constantFrom(
    ..."a|b: c|- |: |\n|\n  |\n    |\t|# c| # c|'|\"|''|{}|[]|&x |*x|!!str |>|~|true|\\|---\n|a:|- a: b\n"
      .split("|"),
    "|",
  );
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 12 }), (fragments) => {
      const text = fragments.join("");
      let ours: YamlValue;
      try {
        ours = parseYamlSubset(text);
      } catch (error) {
        ok(error instanceof YamlSubsetError, String(error));
        return;
      }
      deepStrictEqual(ours, parse(text, { logLevel: "silent" }));
    }),
    { numRuns: 20_000, seed: 6 },
  );
});

const refused: [string, string][] = [
  ["an anchor", "a: &x b"],
  ["an alias", "a: *x"],
  ["a tag", "a: !!str b"],
  ["a literal block", "a: |\n  b"],
  ["a folded block", "a: >\n  b"],
  ["a flow mapping", "a: {b: c}"],
  ["a flow sequence", "a: [b]"],
  ["two documents", "a: b\n---\nc: d"],
  ["a tab as indent", "a:\n\tb: c"],
  ["a key twice", "a: b\na: c"],
  ["a complex key", "? a\n: b"],
  ["a value over two lines", "a: b\n  c"],
  ["an open quote", 'a: "b'],
  ["an indent that fits nowhere", "a:\n    b: c\n  d: e"],
  ["a mapping inside a value", "a: b: c"],
];
for (const [what, text] of refused) {
  Deno.test(`${what} is refused`, () => {
    throws(() => parseYamlSubset(text), YamlSubsetError);
  });
}
