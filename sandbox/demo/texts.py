"""Texts of shops, banks and clinics to their customers, in the languages of the countries of their numbers."""

from collections.abc import Mapping
from enum import StrEnum


class Topic(StrEnum):
    """The subject of a message."""

    CODE = "code"
    ORDER = "order"
    VISIT = "visit"
    PAYMENT = "payment"
    RIDE = "ride"
    NEWS = "news"  # to several recipients


# Sender ids; each has at most eleven characters.
BRANDS = ("LUMENBANK", "PETALSHOP", "CITYCLINIC", "TAXI24")
SENDERS: Mapping[Topic, str] = {
    Topic.CODE: "LUMENBANK",
    Topic.ORDER: "PETALSHOP",
    Topic.VISIT: "CITYCLINIC",
    Topic.PAYMENT: "LUMENBANK",
    Topic.RIDE: "TAXI24",
    Topic.NEWS: "PETALSHOP",
}
# Faker's locales for the customers of a country by calling code, repeated by frequency. Faker has none for Bosnian, so
# the customers there have Croatian names.
LOCALES: Mapping[str, tuple[str, ...]] = {
    "387": ("hr_HR", "hr_HR", "hr_HR", "en_GB"),
    "995": ("ka_GE", "ka_GE", "ru_RU", "en_GB"),
    "91": ("en_IN", "en_IN", "hi_IN"),
}
OTHER_LOCALES = ("en_GB",)

# Takes two segments.
LONG_TEXT = (
    "Thank you, {name}! We have your order #{order} and will write again as soon as it leaves us. Until then you can"
    " change it or cancel it free of charge: https://petal.example/orders/{order}"
)
# Order numbers have a # before them, so that they are not taken for codes.
TEXTS: Mapping[str, Mapping[Topic, tuple[str, ...]]] = {
    "en": {
        Topic.CODE: (
            "{code} is your Lumen Bank code. Do not share it with anyone.",
            "Your verification code is {code}.",
        ),
        Topic.ORDER: (
            "Hi {name}, your order #{order} is on its way to {street} 🚚",
            LONG_TEXT,
        ),
        Topic.VISIT: ("{name}, see you tomorrow at {time} at City Clinic. Reply STOP to cancel.",),
        Topic.PAYMENT: ("{shop}: {amount} EUR paid. If this was not you, call us at once.",),
        Topic.RIDE: ("Your driver is 3 minutes away 🚕 Have a good trip!",),
        Topic.NEWS: (
            "Tulips are in season 🌷 Free delivery until Sunday.",
            "We are closed on Monday, back on Tuesday at 8:00.",
        ),
    },
    "hr": {
        Topic.CODE: ("{code} je Vaš kod za prijavu. Nikome ga ne otkrivajte.", "Vaš kod za potvrdu je {code}."),
        Topic.ORDER: ("{name}, narudžba #{order} je na putu 🚚 Adresa: {street}",),
        Topic.VISIT: ("{name}, čekamo Vas sutra u {time}. Odgovorite STOP ako ne možete doći.",),
        Topic.PAYMENT: ("{shop}: plaćeno {amount} EUR. Ako to niste bili Vi, odmah nas nazovite.",),
        Topic.RIDE: ("Vaš taksi stiže za 3 minute 🚕",),
        Topic.NEWS: ("Sezona tulipana je počela 🌷 Besplatna dostava do nedjelje.",),
    },
    "ka": {
        Topic.CODE: ("თქვენი კოდია {code}. არავის გაუზიაროთ.", "დადასტურების კოდი: {code}"),
        Topic.ORDER: ("{name}, თქვენი შეკვეთა #{order} გზაშია 🚚",),
        Topic.VISIT: ("შეგახსენებთ: ვიზიტი ხვალ, {time} საათზე. გელოდებით!",),
        Topic.PAYMENT: ("{shop}: გადახდილია {amount} ₾. თუ ეს თქვენ არ იყავით, დაგვიკავშირდით.",),
        Topic.RIDE: ("თქვენი ტაქსი 3 წუთში მოვა 🚕",),
        Topic.NEWS: ("ტიტების სეზონი დაიწყო 🌷 უფასო მიწოდება კვირამდე.",),
    },
    "ru": {
        Topic.CODE: ("Код подтверждения: {code}. Никому его не сообщайте.",),
        Topic.ORDER: ("{name}, заказ #{order} уже в пути 🚚",),
        Topic.VISIT: ("{name}, ждём Вас завтра в {time}.",),
        Topic.PAYMENT: ("Оплачено {amount} ₾. Если это были не Вы, позвоните нам.",),
        Topic.RIDE: ("Такси приедет через 3 минуты 🚕",),
        Topic.NEWS: ("Сезон тюльпанов начался 🌷 Бесплатная доставка до воскресенья.",),
    },
    "hi": {
        Topic.CODE: ("आपका सत्यापन कोड {code} है। इसे किसी से साझा न करें।",),
        Topic.ORDER: ("{name} जी, आपका ऑर्डर #{order} रवाना हो गया है 🚚",),
        Topic.VISIT: ("याद रखें: कल {time} बजे आपकी अपॉइंटमेंट है।",),
        Topic.PAYMENT: ("₹{amount} का भुगतान हुआ। यदि यह आपने नहीं किया, तो हमें बताएँ।",),
        Topic.RIDE: ("आपकी टैक्सी 3 मिनट में पहुँचेगी 🚕",),
        Topic.NEWS: ("ट्यूलिप का मौसम आ गया 🌷 रविवार तक मुफ़्त डिलीवरी।",),
    },
}


def locales(number: str) -> tuple[str, ...]:
    """Return the locales for a number in international form."""
    return next((found for code, found in LOCALES.items() if number.startswith(code)), OTHER_LOCALES)
