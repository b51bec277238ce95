// The public library: starts a broker inside a Node process.
export {};
