// The only thing of Node that the clients need.
declare const process: { argv: string[] };
