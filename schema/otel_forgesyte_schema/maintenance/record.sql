-- Name a file whose rows are deleted in this transaction.
INSERT INTO otel.archives (table_name, date, folder, file, base, rows, bytes, archived_at)
VALUES ($table_name, $date, $folder, $file, $base, $rows, $bytes, $now);
