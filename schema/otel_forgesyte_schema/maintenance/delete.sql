-- Delete the doomed rows.
DELETE FROM TABLE WHERE rowid IN (SELECT row FROM doomed);
