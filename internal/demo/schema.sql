-- The demo company's own database, as an ERP of a small company might have it.
CREATE TABLE payment_term (
	code TEXT NOT NULL PRIMARY KEY,
	days INTEGER NOT NULL
);
CREATE TABLE customer (
	id             INTEGER PRIMARY KEY,
	name           VARCHAR(240) NOT NULL,
	country        VARCHAR(40) NOT NULL,
	city           VARCHAR(60),
	zip            VARCHAR(16),
	vat            VARCHAR(20),
	website        TEXT,
	currency       CHAR(3),
	payment_terms  TEXT NOT NULL DEFAULT 'NET30' REFERENCES payment_term (code),
	credit_limit   DECIMAL(12,2) NOT NULL DEFAULT 0 CHECK (credit_limit >= 0),
	contact_email  VARCHAR(120),
	blocked        BOOLEAN NOT NULL DEFAULT 0 CHECK (blocked IN (0, 1)),
	customer_since DATE,
	updated_at     TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE product (
	product_number VARCHAR(16) NOT NULL PRIMARY KEY,
	name           VARCHAR(80) NOT NULL UNIQUE,
	category       VARCHAR(30) NOT NULL,
	color          VARCHAR(20),
	size           VARCHAR(8),
	standard_cost  DECIMAL(10,4) NOT NULL DEFAULT 0,
	list_price     DECIMAL(10,2) NOT NULL DEFAULT 0 CHECK (list_price >= 0),
	safety_stock   INTEGER NOT NULL DEFAULT 0,
	reorder_point  INTEGER NOT NULL DEFAULT 0,
	discontinued   BOOLEAN NOT NULL DEFAULT 0 CHECK (discontinued IN (0, 1))
);
CREATE TABLE orders (
	id          INTEGER PRIMARY KEY,
	customer_id INTEGER NOT NULL REFERENCES customer (id),
	order_date  DATE NOT NULL,
	amount      DECIMAL(12,2) NOT NULL,
	status      TEXT NOT NULL CHECK (status IN ('open', 'shipped', 'paid', 'cancelled'))
);
