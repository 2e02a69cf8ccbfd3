"""Countries: capital, continent, currency and main language; one line per country."""

_TABLE = """
France | Paris | Europe | the euro | French
Germany | Berlin | Europe | the euro | German
Spain | Madrid | Europe | the euro | Spanish
Portugal | Lisbon | Europe | the euro | Portuguese
Italy | Rome | Europe | the euro | Italian
Greece | Athens | Europe | the euro | Greek
Austria | Vienna | Europe | the euro | German
Belgium | Brussels | Europe | the euro | Dutch, French and German
the Netherlands | Amsterdam | Europe | the euro | Dutch
Ireland | Dublin | Europe | the euro | English and Irish
the United Kingdom | London | Europe | the pound sterling | English
Switzerland | Bern | Europe | the Swiss franc | German, French, Italian and Romansh
Sweden | Stockholm | Europe | the Swedish krona | Swedish
Norway | Oslo | Europe | the Norwegian krone | Norwegian
Denmark | Copenhagen | Europe | the Danish krone | Danish
Finland | Helsinki | Europe | the euro | Finnish and Swedish
Iceland | Reykjavik | Europe | the Icelandic krona | Icelandic
Poland | Warsaw | Europe | the zloty | Polish
the Czech Republic | Prague | Europe | the Czech koruna | Czech
Slovakia | Bratislava | Europe | the euro | Slovak
Slovenia | Ljubljana | Europe | the euro | Slovene
Hungary | Budapest | Europe | the forint | Hungarian
Romania | Bucharest | Europe | the Romanian leu | Romanian
Bulgaria | Sofia | Europe | - | Bulgarian
Croatia | Zagreb | Europe | the euro | Croatian
Serbia | Belgrade | Europe | the Serbian dinar | Serbian
Bosnia and Herzegovina | Sarajevo | Europe | the convertible mark | Bosnian, Croatian and Serbian
Albania | Tirana | Europe | the lek | Albanian
North Macedonia | Skopje | Europe | the denar | Macedonian
Montenegro | Podgorica | Europe | the euro | Montenegrin
Ukraine | Kyiv | Europe | the hryvnia | Ukrainian
Belarus | Minsk | Europe | the Belarusian ruble | Belarusian and Russian
Moldova | Chisinau | Europe | the Moldovan leu | Romanian
Russia | Moscow | Europe and Asia | the ruble | Russian
Estonia | Tallinn | Europe | the euro | Estonian
Latvia | Riga | Europe | the euro | Latvian
Lithuania | Vilnius | Europe | the euro | Lithuanian
Luxembourg | Luxembourg City | Europe | the euro | Luxembourgish, French and German
Malta | Valletta | Europe | the euro | Maltese and English
Cyprus | Nicosia | - | the euro | Greek and Turkish
Monaco | Monaco | Europe | the euro | French
Turkey | Ankara | Asia and Europe | the Turkish lira | Turkish
Georgia | Tbilisi | - | the lari | Georgian
Armenia | Yerevan | - | the dram | Armenian
Azerbaijan | Baku | - | the manat | Azerbaijani
Kazakhstan | Astana | Asia | the tenge | Kazakh and Russian
Uzbekistan | Tashkent | Asia | the som | Uzbek
Mongolia | Ulaanbaatar | Asia | the tugrik | Mongolian
China | Beijing | Asia | the yuan | Chinese
Japan | Tokyo | Asia | the yen | Japanese
South Korea | Seoul | Asia | the won | Korean
North Korea | Pyongyang | Asia | the North Korean won | Korean
India | New Delhi | Asia | the Indian rupee | Hindi and English
Pakistan | Islamabad | Asia | the Pakistani rupee | Urdu and English
Bangladesh | Dhaka | Asia | the taka | Bengali
Nepal | Kathmandu | Asia | the Nepalese rupee | Nepali
Bhutan | Thimphu | Asia | the ngultrum | Dzongkha
Sri Lanka | Sri Jayawardenepura Kotte | Asia | the Sri Lankan rupee | Sinhala and Tamil
the Maldives | Male | Asia | the rufiyaa | Dhivehi
Thailand | Bangkok | Asia | the baht | Thai
Vietnam | Hanoi | Asia | the dong | Vietnamese
Cambodia | Phnom Penh | Asia | the riel | Khmer
Laos | Vientiane | Asia | the kip | Lao
Malaysia | Kuala Lumpur | Asia | the ringgit | Malay
Singapore | Singapore | Asia | the Singapore dollar | English, Malay, Chinese and Tamil
Indonesia | Jakarta | Asia | the rupiah | Indonesian
the Philippines | Manila | Asia | the Philippine peso | Filipino and English
Iran | Tehran | Asia | the rial | Persian
Iraq | Baghdad | Asia | the Iraqi dinar | Arabic and Kurdish
Afghanistan | Kabul | Asia | the afghani | Pashto and Dari
Saudi Arabia | Riyadh | Asia | the riyal | Arabic
the United Arab Emirates | Abu Dhabi | Asia | the dirham | Arabic
Qatar | Doha | Asia | the Qatari riyal | Arabic
Kuwait | Kuwait City | Asia | the Kuwaiti dinar | Arabic
Oman | Muscat | Asia | the Omani rial | Arabic
Yemen | Sanaa | Asia | the Yemeni rial | Arabic
Jordan | Amman | Asia | the Jordanian dinar | Arabic
Lebanon | Beirut | Asia | the Lebanese pound | Arabic
Syria | Damascus | Asia | the Syrian pound | Arabic
Egypt | Cairo | Africa | the Egyptian pound | Arabic
Morocco | Rabat | Africa | the Moroccan dirham | Arabic and Berber
Algeria | Algiers | Africa | the Algerian dinar | Arabic and Berber
Tunisia | Tunis | Africa | the Tunisian dinar | Arabic
Libya | Tripoli | Africa | the Libyan dinar | Arabic
Sudan | Khartoum | Africa | the Sudanese pound | Arabic and English
Ethiopia | Addis Ababa | Africa | the birr | Amharic
Kenya | Nairobi | Africa | the Kenyan shilling | Swahili and English
Uganda | Kampala | Africa | the Ugandan shilling | English and Swahili
Tanzania | Dodoma | Africa | the Tanzanian shilling | Swahili and English
Rwanda | Kigali | Africa | the Rwandan franc | Kinyarwanda
Somalia | Mogadishu | Africa | the Somali shilling | Somali and Arabic
Nigeria | Abuja | Africa | the naira | English
Ghana | Accra | Africa | the cedi | English
Senegal | Dakar | Africa | the West African franc | French
Mali | Bamako | Africa | the West African franc | -
Niger | Niamey | Africa | the West African franc | -
Cameroon | Yaounde | Africa | the Central African franc | French and English
Angola | Luanda | Africa | the kwanza | Portuguese
Mozambique | Maputo | Africa | the metical | Portuguese
Zambia | Lusaka | Africa | the kwacha | English
Zimbabwe | Harare | Africa | - | English, Shona and Ndebele
Botswana | Gaborone | Africa | the pula | English and Tswana
Namibia | Windhoek | Africa | the Namibian dollar | English
Madagascar | Antananarivo | Africa | the ariary | Malagasy and French
the United States | Washington, D.C. | North America | the US dollar | English
Canada | Ottawa | North America | the Canadian dollar | English and French
Mexico | Mexico City | North America | the Mexican peso | Spanish
Guatemala | Guatemala City | North America | the quetzal | Spanish
Honduras | Tegucigalpa | North America | the lempira | Spanish
El Salvador | San Salvador | North America | the US dollar | Spanish
Nicaragua | Managua | North America | the cordoba | Spanish
Costa Rica | San Jose | North America | the colon | Spanish
Panama | Panama City | North America | the balboa and the US dollar | Spanish
Cuba | Havana | North America | the Cuban peso | Spanish
Jamaica | Kingston | North America | the Jamaican dollar | English
Haiti | Port-au-Prince | North America | the gourde | French and Haitian Creole
the Dominican Republic | Santo Domingo | North America | the Dominican peso | Spanish
Brazil | Brasilia | South America | the real | Portuguese
Argentina | Buenos Aires | South America | the Argentine peso | Spanish
Chile | Santiago | South America | the Chilean peso | Spanish
Peru | Lima | South America | the sol | Spanish, Quechua and Aymara
Bolivia | Sucre | South America | the boliviano | Spanish, Quechua and Aymara
Ecuador | Quito | South America | the US dollar | Spanish
Colombia | Bogota | South America | the Colombian peso | Spanish
Venezuela | Caracas | South America | the bolivar | Spanish
Uruguay | Montevideo | South America | the Uruguayan peso | Spanish
Paraguay | Asuncion | South America | the guarani | Spanish and Guarani
Guyana | Georgetown | South America | the Guyanese dollar | English
Suriname | Paramaribo | South America | the Surinamese dollar | Dutch
Australia | Canberra | Oceania | the Australian dollar | English
New Zealand | Wellington | Oceania | the New Zealand dollar | English and Maori
Fiji | Suva | Oceania | the Fijian dollar | English, Fijian and Hindi
Papua New Guinea | Port Moresby | Oceania | the kina | English, Tok Pisin and Hiri Motu
"""

# What strangers ask for first.
WELL_KNOWN = (
    "France", "Germany", "Spain", "Italy", "the United Kingdom", "the United States", "Japan", "China", "India", "Russia", "Brazil",
    "Peru", "Canada", "Australia", "Mexico", "Argentina", "Chile", "Portugal", "Greece", "Egypt", "Switzerland", "Austria", "Bolivia",
    "the Netherlands", "Poland", "Turkey", "Sweden", "Norway", "South Korea", "Ireland", "Ecuador", "Colombia", "Kenya", "Belgium",
)  # fmt: skip

_ROWS = [[cell.strip() for cell in line.split("|")] for line in _TABLE.strip().splitlines()]


def _column(index: int) -> dict[str, str]:
    return {row[0]: row[index] for row in _ROWS if row[index] != "-"}


CAPITALS = _column(1)
CONTINENTS = _column(2)
CURRENCIES = _column(3)
LANGUAGES = _column(4)
