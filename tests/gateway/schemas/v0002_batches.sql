BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE batch_answers (
	batch INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	answer TEXT NOT NULL, 
	PRIMARY KEY (batch, position), 
	FOREIGN KEY(batch) REFERENCES batches (number) ON DELETE CASCADE
);
INSERT INTO "batch_answers" VALUES(1,0,'{"id":0,"success":true}');
CREATE TABLE batches (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id TEXT NOT NULL, 
	tenant TEXT NOT NULL, 
	model TEXT NOT NULL, 
	served_by TEXT NOT NULL, 
	created FLOAT NOT NULL, 
	seed BIGINT NOT NULL, 
	elements TEXT NOT NULL, 
	claimed_until FLOAT NOT NULL, 
	finished FLOAT, 
	UNIQUE (id)
);
INSERT INTO "batches" VALUES(1,'00000000-0000-4000-8000-000000000001','abc','@cf/tampu/cria','cria',1700049600.0,7,'[{"prompt":"ü","external_reference":"a"},{"prompt":"b"}]',0.0,NULL);
CREATE TABLE generations (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id TEXT NOT NULL, 
	answer_id TEXT NOT NULL, 
	dialect TEXT NOT NULL, 
	operation TEXT NOT NULL, 
	model TEXT NOT NULL, 
	served_by TEXT NOT NULL, 
	tenant TEXT NOT NULL, 
	created FLOAT NOT NULL, 
	seconds FLOAT NOT NULL, 
	seconds_to_first_chunk FLOAT, 
	prompt_tokens BIGINT NOT NULL, 
	completion_tokens BIGINT NOT NULL, 
	cached_tokens BIGINT NOT NULL, 
	prompt_cost BIGINT NOT NULL, 
	completion_cost BIGINT NOT NULL, 
	finish_reasons TEXT NOT NULL, 
	streamed BOOLEAN NOT NULL, 
	cancelled BOOLEAN NOT NULL, 
	seed BIGINT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	client TEXT NOT NULL, 
	prompt_digests TEXT NOT NULL, 
	choice_digests TEXT NOT NULL, 
	replay TEXT NOT NULL, 
	text TEXT, 
	UNIQUE (id)
);
INSERT INTO "generations" VALUES(1,'req_00000000000000000000000000000001','chatcmpl-00000000000000000000000000000001','openai','chat','tampu/cria','cria:pirate','abc',1700049600.0,1.5,0.25,12,3,8,240,90,'["stop","length"]',1,0,9223372036854775807,'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff','{"user-agent":"curl/8"}','["0000000000000000000000000000000000000000000000000000000000000000"]','[[{"sha256":"1111111111111111111111111111111111111111111111111111111111111111","num_tokens":2,"finish_reason":"stop"},{"sha256":"2222222222222222222222222222222222222222222222222222222222222222","num_tokens":1,"finish_reason":null}]]','{"requests":[{"sampling":{"temperature":0.5}}]}','{"requests":[{"prompt":"\u00fc\u2028\ud83e\udd99"}],"choices":[]}');
CREATE TABLE spending (
	tenant TEXT NOT NULL, 
	day INTEGER NOT NULL, 
	generations BIGINT NOT NULL, 
	cost BIGINT NOT NULL, 
	PRIMARY KEY (tenant, day)
);
INSERT INTO "spending" VALUES('abc',19676,1,330);
CREATE INDEX ix_generations_answer_id ON generations (answer_id);
CREATE INDEX ix_generations_created ON generations (created);
CREATE INDEX ix_batches_finished ON batches (finished);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('generations',1);
INSERT INTO "sqlite_sequence" VALUES('batches',1);
COMMIT;
