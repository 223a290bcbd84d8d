// The only thing of Node that client.ts needs.
declare const process: { argv: string[] };
