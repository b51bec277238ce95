/** The Debian packages that tests use and that are not installed here. */
export function missingPackages(): string[];
