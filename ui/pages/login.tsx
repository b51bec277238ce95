// The login.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { type ApiError, loggedOut } from '../api.ts';
import { Icon } from '../icons.tsx';
import { login } from '../session.ts';

const greetings = {
  first: 'Log in with a user of the broker.',
  left: 'You are logged out.',
  ended: 'Your session has ended. Log in to go on where you were.',
};

export function LoginPage(): JSX.Element {
  const [problem, setProblem] = useState<string | undefined>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    try {
      await login(String(data.get('username')), String(data.get('password')));
    } catch (error) {
      const { status, message } = error as ApiError;
      setProblem(status === 401 && message === 'Login failed' ? 'Name or password is not right.' : message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <main class="login">
      <form onSubmit={event => void submit(event)}>
        <h1>
          <img src="./icon.svg" alt="" width="32" height="32" />
          Leveret
        </h1>
        <p>{greetings[loggedOut.value ?? 'first']}</p>
        <div class="field">
          <label for="username">User</label>
          <input id="username" name="username" autocomplete="username" required autofocus />
        </div>
        <div class="field">
          <label for="password">Password</label>
          <input id="password" name="password" type="password" autocomplete="current-password" required />
        </div>
        {problem && (
          <p class="problem" role="alert">
            <Icon name="warn" />
            {problem}
          </p>
        )}
        <button type="submit" class="primary" disabled={busy}>
          Log in
        </button>
        <p class="hint">
          A new broker has the user guest with the password guest, for programs on the same machine only.
        </p>
      </form>
    </main>
  );
}
