import type { IpAddress } from "../lib/net/ip-address.ts";

/** One end of a TCP connection. */
export type Endpoint = { readonly address: IpAddress; readonly port: number };

/** A program's socket. */
export type SocketOwner = {
  /** The account that it belongs to. */
  readonly uid: number;
  /** Its number among the kernel's sockets. */
  readonly inode: number;
};

/**
 * Who has the other end of a connection?
 *
 * - `left`: a program of this machine that has closed it, or has ended: the kernel forgets then whose it was.
 * - `elsewhere`: nobody here, though its address is one of this machine's: it was translated on the way (NAT).
 * - `unknown`: this system does not tell.
 */
export type FarEnd = SocketOwner | "left" | "elsewhere" | "unknown";
