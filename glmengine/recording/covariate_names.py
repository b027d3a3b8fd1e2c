"""What the name of a covariate says that it is: a place, a way along a track, a speed, an angle, the phase of a rhythm; in several languages."""

from __future__ import annotations

import re

# A word begins or ends where no letter stands beside it, or where a capital does after a small letter: `animalPos`.
_BEGINS = r"(?:(?<![^\W\d_])|(?-i:(?<=[a-z])(?=[A-Z])))"
_ENDS = r"(?:(?![^\W\d_])|(?-i:(?<=[a-z])(?=[A-Z])))"

PLACE_NAME = re.compile(
    rf"pos|xy|track|[ck]oord|whl|place|{_BEGINS}loc(?!omo)"
    rf"|{_BEGINS}(?:(?:stand|aufenthalts)?ort|lage|platz|lieu|endroit|ubicaci\w*|lugar|luogo|plaats|plats){_ENDS}"
    r"|позици|положени|координат|位置|坐标|座標|위치|좌표",
    re.IGNORECASE,
)
"""A place, in one dimension or more."""

TRACKED_NAME = re.compile(rf"{PLACE_NAME.pattern}|{_BEGINS}(?:x|y|z|led|nose|snout|head|body|tail|paw){_ENDS}", re.IGNORECASE)
"""A place, or what trackers follow: of one dimension a light may be a stimulus, and a head a direction."""

WAY_NAME = re.compile(
    rf"dist|lin|{_BEGINS}(?:strecke|abstand|parcours|recorrido|percorso|afstand|piste|pista)|расстояни|距离|距離|거리",
    re.IGNORECASE,
)
"""How far along a track, beside what is called a place."""

SPEED_NAME = re.compile(
    rf"speed|veloc|geschwindig|vitesse|snelheid|hastighet|скорост|速度|속도|{_BEGINS}vel{_ENDS}", re.IGNORECASE
)

DIRECTION_WORDS = r"richtung|winkel|direcci|direzion|direç|[aá]ngulo|angolo|richting|направлен|угол|方向|角度|방향|각도"
"""Part of a pattern: an angle or a direction in languages other than English and French."""

HEAD_NAME = re.compile(rf"head|kopf|t[eê]te|cabeza|testa|голов|头|頭|머리|{_BEGINS}hd{_ENDS}", re.IGNORECASE)
"""The direction of a head is meant, where the name is that of an angle."""

DIRECTION_NAME = re.compile(rf"direction|yaw|angle|{DIRECTION_WORDS}", re.IGNORECASE)

ANGLE_NAME = re.compile(
    r"(?:head|heading|compass|movement|orientation).*(?:dir|angle)|direction"
    rf"|{_BEGINS}(?:hd|heading|angles?|phases?|yaw|azimuth){_ENDS}|{DIRECTION_WORDS}",
    re.IGNORECASE,
)
"""What may be an angle that goes round, if its values do too."""

RHYTHM_NAME = re.compile(r"theta|phase|rh?yth?m|fase|ritmo|фаза|位相|相位|위상", re.IGNORECASE)
