/** Who is at the other end of a unix socket: the kernel's word, and a handle that proves it still holds. @module */

import { libc } from "../libc.ts";

/** The process that connected, as the kernel saw it at that moment. */
export interface PeerCredentials {
  /** In our PID namespace; 0 when the process is in none that we can see. */
  readonly pid: number;
  /**
   * Whether that very process is still alive, so that its PID is not another's. Undefined: this kernel has no
   * `SO_PEERPIDFD` (Linux before 6.5).
   */
  isAlive(): boolean | undefined;
  /** Gives the handle back. */
  close(): void;
}

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const SO_PEERPIDFD = 77;
const POLLIN = 1;

/**
 * Reads the credentials of a connected unix socket.
 *
 * @param fd of the connection; must be open
 * @returns undefined when the kernel does not say
 */
export function peerCredentials(fd: number): PeerCredentials | undefined {
  // struct ucred: pid, uid, gid
  const credentials = socketOption(fd, SO_PEERCRED, 3);
  const pid = credentials?.[0];
  if (pid === undefined) return undefined;
  let pidFd = socketOption(fd, SO_PEERPIDFD, 1)?.[0];
  return {
    pid,
    isAlive: () => pidFd === undefined ? undefined : !hasEnded(pidFd),
    close() {
      if (pidFd !== undefined) libc().close(pidFd);
      pidFd = undefined;
    },
  };
}

function socketOption(
  fd: number,
  option: number,
  words: number,
): Int32Array | undefined {
  const value = new Int32Array(words);
  const length = new Uint32Array([value.byteLength]);
  const result = libc().getsockopt(
    fd,
    SOL_SOCKET,
    option,
    new Uint8Array(value.buffer),
    new Uint8Array(length.buffer),
  );
  return result === 0 && length[0] === value.byteLength ? value : undefined;
}

/** A PID's file descriptor becomes readable when the process ends. */
function hasEnded(pidFd: number): boolean {
  // struct pollfd: int fd, short events, short revents
  const request = new DataView(new ArrayBuffer(8));
  request.setInt32(0, pidFd, true);
  request.setInt16(4, POLLIN, true);
  return libc().poll(new Uint8Array(request.buffer), 1n, 0) !== 0;
}
