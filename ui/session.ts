// Who is logged in, what they may see, and which vhosts there are.
import { computed, signal } from '@preact/signals';
import { ApiError, loggedOut, read, send } from './api.ts';

/** The user as the broker knows them. */
export interface User {
  readonly name: string;
  readonly tags: readonly string[];
}

/** Kept so that a first visit shows the login at once, without a request that must fail. */
const REMEMBERED = 'leveret.session';

export const user = signal<User | undefined>(undefined);
export const vhosts = signal<readonly string[]>([]);

export const isAdministrator = computed(() => user.value?.tags.includes('administrator') ?? false);
/** Whether the user may set policies. */
export const isPolicymaker = computed(
  () => user.value?.tags.some(tag => tag === 'administrator' || tag === 'policymaker') ?? false,
);
/** Whether the user sees other people's connections and the node. */
export const isMonitoring = computed(
  () => user.value?.tags.some(tag => tag === 'administrator' || tag === 'monitoring') ?? false,
);

/** Goes on with the session of before, if there is one. */
export async function resume(): Promise<void> {
  if (!localStorage.getItem(REMEMBERED)) loggedOut.value = 'first';
  else await enter();
}

/** @throws ApiError when name and password are not right */
export async function login(name: string, password: string): Promise<void> {
  await send('POST', '/login', { username: name, password });
  localStorage.setItem(REMEMBERED, 'yes');
  await enter();
}

/** @throws ApiError when the broker does not answer: then its session goes on */
export async function logout(): Promise<void> {
  await send('DELETE', '/login');
  forget();
  loggedOut.value = 'left';
}

/** Reads who the user is, and the vhosts; also after vhosts were changed. @throws ApiError when the broker does not answer */
export async function enter(): Promise<void> {
  try {
    const who = await read<{ name: string; tags: string | string[] }>('/whoami');
    user.value = { name: who.name, tags: typeof who.tags === 'string' ? who.tags.split(',') : who.tags };
    vhosts.value = (await read<{ name: string }[]>('/vhosts?columns=name')).map(({ name }) => name);
    loggedOut.value = undefined;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    forget();
    loggedOut.value = 'ended';
  }
}

function forget(): void {
  localStorage.removeItem(REMEMBERED);
  user.value = undefined;
}
