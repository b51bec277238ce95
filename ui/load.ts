// A GET that is asked once and again when wanted, for what is not live.
import { useCallback, useEffect, useState } from 'preact/hooks';
import { ApiError, read } from './api.ts';

/** What came of it, and how to ask again. */
export interface Loaded<T> {
  readonly data?: T;
  readonly error?: ApiError;
  readonly busy: boolean;
  readonly again: () => void;
}

/** GETs a path below /api when it changes and when asked; the data of before stay until the new ones are there. */
export function useLoad<T>(path: string | undefined): Loaded<T> {
  const [state, setState] = useState<{ data?: T; error?: ApiError; busy: boolean }>({ busy: true });
  const [turn, setTurn] = useState(0);
  const again = useCallback(() => setTurn(before => before + 1), []);
  useEffect(() => {
    if (path === undefined) return setState({ busy: false });
    let current = true;
    setState(before => ({ ...before, busy: true }));
    read<T>(path).then(
      data => current && setState({ data, busy: false }),
      error => {
        if (!(error instanceof ApiError)) throw error;
        if (current) setState({ error, busy: false });
      },
    );
    return () => {
      current = false;
    };
  }, [path, turn]);
  return { ...state, again };
}
