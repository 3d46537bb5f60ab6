CREATE TABLE customer (
  id            INTEGER PRIMARY KEY,
  name          VARCHAR(40) NOT NULL,
  payment_terms VARCHAR(10),
  credit_limit  NUMERIC(12,2),
  employees     INTEGER,
  since         DATE,
  note          TEXT
);
INSERT INTO customer VALUES
  (1, 'Aarts',    'NET30', 1000.00, 10,   '2020-01-31', 'first'),
  (2, 'Bakker',   'NET30', 2000.50, NULL, '2021-02-28', NULL),
  (3, 'Claes',    'NET60', NULL,    30,   NULL,         ''),
  (4, 'De Vries', NULL,    4000.00, 40,   '2023-04-30', 'fourth'),
  (5, 'Evers',    'NET90', 5000.00, 50,   '2024-05-31', 'fifth');
