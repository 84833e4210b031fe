-- Copy the doomed rows to Parquet, in order of time, so that a reader can skip most of a file.
COPY (
    SELECT * FROM TABLE WHERE rowid IN (SELECT row FROM doomed) ORDER BY MOMENT
) TO (getvariable('otel_forgesyte_archive_file')) (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false);
