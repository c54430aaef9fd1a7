/** A process that reads kubeconfigs and ends: texts on standard input, readings on standard output, both JSON. @module */

import { type KubeconfigText, readWithLibrary } from "./client_library.ts";

const texts: KubeconfigText[] = await new Response(Deno.stdin.readable).json();
const answer = new TextEncoder().encode(
  JSON.stringify(texts.map(readWithLibrary)),
);
const out = Deno.stdout.writable.getWriter();
await out.write(answer);
await out.close();
