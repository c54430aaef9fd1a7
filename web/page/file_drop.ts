/** Files dropped anywhere on the page. @module */

import { useEffect, useRef, useState } from "preact/hooks";

/** @returns whether files are held over the page now */
export function useFileDrop(take: (files: readonly File[]) => void): boolean {
  const [isOver, setOver] = useState(false);
  const taker = useRef(take);
  taker.current = take;
  useEffect(() => {
    const ended = new AbortController();
    const { signal } = ended;
    const hasFiles = (event: DragEvent) =>
      event.dataTransfer?.types.includes("Files") ?? false;
    addEventListener("dragover", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    }, { signal });
    addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) setOver(false);
    }, { signal });
    addEventListener("drop", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(false);
      taker.current([...event.dataTransfer?.files ?? []]);
    }, { signal });
    return () => ended.abort();
  }, []);
  return isOver;
}
