// All styles, in the order in which they count.
import './variables.css';
import './base.css';
import './frame.css';
import './parts.css';
import './table.css';
import './forms.css';
import './charts.css';
import './messages.css';
import './flow.css';
