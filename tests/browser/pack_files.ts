/** The pack files below a folder. @module */

/** Paths of all of them. */
export function packFiles(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory
      ? packFiles(`${folder}/${name}`)
      : name.endsWith(".wkpack")
      ? [`${folder}/${name}`]
      : []
  );
}
