// Starts the page.
import { render } from 'preact';
import './styles/index.ts';
import { App } from './app.tsx';
import { resume } from './session.ts';

const place = document.getElementById('page') as HTMLElement;
await resume().catch(() => {});
render(<App />, place);
