// The address bar: what is shown is read from it, and changes are written to it.
import { computed, type ReadonlySignal, signal } from '@preact/signals';
import { formatHash, parseHash, type View } from './view-state.ts';

const hash = signal(location.hash);
addEventListener('hashchange', () => {
  hash.value = location.hash;
});

/** What the address says now. */
export const view: ReadonlySignal<View> = computed(() => parseHash(hash.value));

/** Goes to a place; back comes from there. */
export function go(path: readonly string[], params: Readonly<Record<string, string | undefined>> = {}): void {
  location.hash = formatHash(path, params);
}

/** Changes parameters of this place, undefined removes one. What is only a detail of the view makes no step to go back. */
export function setParams(changes: Readonly<Record<string, string | undefined>>, step: boolean = false): void {
  const { path, params } = view.peek();
  const address = formatHash(path, { ...params, ...changes });
  if (address === location.hash) return;
  if (step) location.hash = address;
  else {
    history.replaceState(null, '', address);
    hash.value = address;
  }
}

/** The address of a place, keeping the vhost that is chosen. */
export function link(path: readonly string[], params: Readonly<Record<string, string | undefined>> = {}): string {
  return formatHash(path, { vhost: view.value.params['vhost'], ...params });
}
