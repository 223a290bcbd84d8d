/** Downloads the parts of an export, and takes them apart. */
import type { ExportPart } from "./types.js";

/** Download a part and check it. Return undefined if that failed, and may succeed with a new URL. */
export async function download(
  fetchPart: typeof fetch,
  part: ExportPart,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const response = await fetchPart(part.url, signal ? { signal } : {}); // its URL is all the credential that it needs
    if (!response.ok) return undefined;
    const content = new Uint8Array(await response.arrayBuffer());
    return (await sha256(content)) === part.sha256 ? content : undefined;
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}

export async function decompress(content: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([content]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Return the first line of a table, with its end. */
export function headerOf(table: Uint8Array): string {
  return new TextDecoder().decode(table.subarray(0, table.indexOf(0x0a) + 1));
}

async function sha256(content: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
