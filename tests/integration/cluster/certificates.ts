/** Certificates for one test, made with OpenSSL. @module */

/** A certificate and its key, PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** An authority that signs, in a folder of its own. */
export class Authority implements AsyncDisposable {
  readonly #folder: string;
  #serial = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async make(): Promise<Authority> {
    const authority = new Authority(await Deno.makeTempDir());
    await authority.#openssl(
      ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem -addext basicConstraints=critical,CA:TRUE"
        .split(" "),
    );
    return authority;
  }

  /** The authority's own certificate. */
  certificate(): Promise<string> {
    return Deno.readTextFile(`${this.#folder}/ca.pem`);
  }

  /** A certificate for 127.0.0.1 with this common name. */
  async sign(commonName: string): Promise<Certificate> {
    const name = `leaf${this.#serial++}`;
    await this.#openssl(
      ...`req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=${commonName} -keyout ${name}.key -out ${name}.pem -CA ca.pem -CAkey ca.key -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=IP:127.0.0.1`
        .split(" "),
    );
    return {
      cert: await Deno.readTextFile(`${this.#folder}/${name}.pem`),
      key: await Deno.readTextFile(`${this.#folder}/${name}.key`),
    };
  }

  async #openssl(...args: string[]): Promise<void> {
    const { success, stderr } = await new Deno.Command("openssl", {
      args,
      cwd: this.#folder,
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Deno.remove(this.#folder, { recursive: true });
  }
}
