/** The virtual fleet's two resources on HTTP: bounded bodies, bounded waits, an optional bearer token. @module */

/** Largest statement, bytes. */
export const MOST_BODY_BYTES = 16 << 20;
/** Longest time a GET waits for something new, seconds. */
export const MOST_WAIT_SECONDS = 30;
/** GETs that wait at the same time; more are answered at once. */
export const MOST_WAITING = 16;

/** A JSON answer. */
export function json(
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): Response {
  return Response.json(body, {
    status,
    headers: { "cache-control": "no-store", ...headers },
  });
}

/** A refusal that a person can act on. */
export function refusal(
  status: number,
  message: string,
  headers: Record<string, string> = {},
): Response {
  return json(status, { error: message }, headers);
}

/** Whether the request carries the token; every token is compared in full, whatever differs first. */
export function carriesToken(
  request: Request,
  token: string | undefined,
): boolean {
  if (token === undefined) return true;
  const given = new TextEncoder().encode(
    request.headers.get("authorization") ?? "",
  );
  const wanted = new TextEncoder().encode(`Bearer ${token}`);
  let different = given.length ^ wanted.length;
  for (let index = 0; index < wanted.length; index++) {
    different |= (given[index] ?? 0) ^ wanted[index]!;
  }
  return different === 0;
}

/** A body, or why there is none. Never reads more than it keeps. */
export async function readJson(
  request: Request,
): Promise<
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly response: Response }
> {
  const refuse = (status: number, message: string) => ({
    ok: false as const,
    response: refusal(status, message),
  });
  const announced = Number(request.headers.get("content-length") ?? "0");
  const tooLarge = `The body is larger than ${MOST_BODY_BYTES} bytes.`;
  if (announced > MOST_BODY_BYTES) {
    await request.body?.cancel();
    return refuse(413, tooLarge);
  }
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  try {
    for await (const chunk of request.body ?? []) {
      size += chunk.byteLength;
      if (size > MOST_BODY_BYTES) return refuse(413, tooLarge);
      chunks.push(new Uint8Array(chunk));
    }
  } catch {
    return refuse(400, "The body broke off.");
  }
  try {
    const text = await new Blob(chunks).text();
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return refuse(400, "The body is not JSON.");
  }
}
