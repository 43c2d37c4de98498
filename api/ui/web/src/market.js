/** The market page: list, chart, ladder, ticket, tape, and what is one's own. */
import "./style.css";
import "./frame.js";
import "./state.js";
import "./instrument-list.js";
import "./book-ladder.js";
import "./price-chart.js";
import "./order-ticket.js";
import "./trade-tape.js";
import "./own.js";
import "./feed-status.js";
