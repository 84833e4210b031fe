-- What a table's view of all rows reads once some are archived. By name: a file of an older version may
-- lack columns that were added since. Paths of ours are put into the list, for a view can bind no values; not
-- here in the comment, which a line break in one would end.
FROM (
    SELECT * FROM TABLE
    UNION ALL BY NAME
    SELECT * FROM read_parquet([FILES], union_by_name = true, hive_partitioning = false)
);
