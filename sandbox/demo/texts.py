"""What shops, banks and clinics write to their customers, in the languages that are spoken where their numbers are."""

from collections.abc import Mapping
from enum import StrEnum


class Kind(StrEnum):
    """Why somebody is written to."""

    CODE = "code"
    ORDER = "order"
    VISIT = "visit"
    PAYMENT = "payment"
    RIDE = "ride"
    NEWS = "news"  # to several people at once


# Who writes; each fits into the eleven characters of a sender.
BRANDS = ("LUMENBANK", "PETALSHOP", "CITYCLINIC", "TAXI24")
WRITES: Mapping[Kind, str] = {
    Kind.CODE: "LUMENBANK",
    Kind.ORDER: "PETALSHOP",
    Kind.VISIT: "CITYCLINIC",
    Kind.PAYMENT: "LUMENBANK",
    Kind.RIDE: "TAXI24",
    Kind.NEWS: "PETALSHOP",
}
# The locales of Faker for the customers of a country, by its calling code, each as often as it is found there. There is
# none for Bosnian, whose customers have Croatian names.
LOCALES: Mapping[str, tuple[str, ...]] = {
    "387": ("hr_HR", "hr_HR", "hr_HR", "en_GB"),
    "995": ("ka_GE", "ka_GE", "ru_RU", "en_GB"),
    "91": ("en_IN", "en_IN", "hi_IN"),
}
ELSEWHERE = ("en_GB",)

# Goes out as two messages in one.
LONG = (
    "Thank you, {name}! We have your order #{order} and will write again as soon as it leaves us. Until then you can"
    " change it or cancel it free of charge: https://petal.example/orders/{order}"
)
# Orders have a # before them: a number of its own would be taken for a code.
TEXTS: Mapping[str, Mapping[Kind, tuple[str, ...]]] = {
    "en": {
        Kind.CODE: (
            "{code} is your Lumen Bank code. Do not share it with anyone.",
            "Your verification code is {code}.",
        ),
        Kind.ORDER: (
            "Hi {name}, your order #{order} is on its way to {street} 🚚",
            LONG,
        ),
        Kind.VISIT: ("{name}, see you tomorrow at {time} at City Clinic. Reply STOP to cancel.",),
        Kind.PAYMENT: ("{shop}: {amount} EUR paid. If this was not you, call us at once.",),
        Kind.RIDE: ("Your driver is 3 minutes away 🚕 Have a good trip!",),
        Kind.NEWS: (
            "Tulips are in season 🌷 Free delivery until Sunday.",
            "We are closed on Monday, back on Tuesday at 8:00.",
        ),
    },
    "hr": {
        Kind.CODE: ("{code} je Vaš kod za prijavu. Nikome ga ne otkrivajte.", "Vaš kod za potvrdu je {code}."),
        Kind.ORDER: ("{name}, narudžba #{order} je na putu 🚚 Adresa: {street}",),
        Kind.VISIT: ("{name}, čekamo Vas sutra u {time}. Odgovorite STOP ako ne možete doći.",),
        Kind.PAYMENT: ("{shop}: plaćeno {amount} EUR. Ako to niste bili Vi, odmah nas nazovite.",),
        Kind.RIDE: ("Vaš taksi stiže za 3 minute 🚕",),
        Kind.NEWS: ("Sezona tulipana je počela 🌷 Besplatna dostava do nedjelje.",),
    },
    "ka": {
        Kind.CODE: ("თქვენი კოდია {code}. არავის გაუზიაროთ.", "დადასტურების კოდი: {code}"),
        Kind.ORDER: ("{name}, თქვენი შეკვეთა #{order} გზაშია 🚚",),
        Kind.VISIT: ("შეგახსენებთ: ვიზიტი ხვალ, {time} საათზე. გელოდებით!",),
        Kind.PAYMENT: ("{shop}: გადახდილია {amount} ₾. თუ ეს თქვენ არ იყავით, დაგვიკავშირდით.",),
        Kind.RIDE: ("თქვენი ტაქსი 3 წუთში მოვა 🚕",),
        Kind.NEWS: ("ტიტების სეზონი დაიწყო 🌷 უფასო მიწოდება კვირამდე.",),
    },
    "ru": {
        Kind.CODE: ("Код подтверждения: {code}. Никому его не сообщайте.",),
        Kind.ORDER: ("{name}, заказ #{order} уже в пути 🚚",),
        Kind.VISIT: ("{name}, ждём Вас завтра в {time}.",),
        Kind.PAYMENT: ("Оплачено {amount} ₾. Если это были не Вы, позвоните нам.",),
        Kind.RIDE: ("Такси приедет через 3 минуты 🚕",),
        Kind.NEWS: ("Сезон тюльпанов начался 🌷 Бесплатная доставка до воскресенья.",),
    },
    "hi": {
        Kind.CODE: ("आपका सत्यापन कोड {code} है। इसे किसी से साझा न करें।",),
        Kind.ORDER: ("{name} जी, आपका ऑर्डर #{order} रवाना हो गया है 🚚",),
        Kind.VISIT: ("याद रखें: कल {time} बजे आपकी अपॉइंटमेंट है।",),
        Kind.PAYMENT: ("₹{amount} का भुगतान हुआ। यदि यह आपने नहीं किया, तो हमें बताएँ।",),
        Kind.RIDE: ("आपकी टैक्सी 3 मिनट में पहुँचेगी 🚕",),
        Kind.NEWS: ("ट्यूलिप का मौसम आ गया 🌷 रविवार तक मुफ़्त डिलीवरी।",),
    },
}


def locales(number: str) -> tuple[str, ...]:
    """Return the locales of the customers behind a number in international form."""
    return next((found for code, found in LOCALES.items() if number.startswith(code)), ELSEWHERE)
