-- Who has made a group, whom it counts for as long as it is there. Of those of before, the present maker.
ALTER TABLE conversation ADD COLUMN creator INTEGER;  -- of a group
UPDATE conversation SET creator =
    (SELECT user FROM member WHERE member.conversation = conversation.id
     ORDER BY since, position, user LIMIT 1)
WHERE group_name IS NOT NULL;

-- Whoever has left a group invites nobody any more.
DELETE FROM standing WHERE kind = 'invited' AND NOT EXISTS
    (SELECT 1 FROM member
     WHERE member.conversation = standing.conversation AND member.user = standing.inviter);
