/* Made by make_jwt_vectors.py, and formatted. */
#ifndef PDF_OCR_TESTS_JWT_VECTORS_H
#define PDF_OCR_TESTS_JWT_VECTORS_H

#define JWKS_TEXT                                                                                  \
    "{\"keys\": [{\"e\": \"AQAB\", \"kid\": \"r1\", \"kty\": \"RSA\", \"n\": \"oNI_Ip"             \
    "Qepo7JM0ZPoXMU5pGNtA0sGKdYThTqcroClH-Hb-2X7b1IEUf1GuINQVh3m5KYpKm9w8QJYft1cCWzMx"             \
    "GV8a81YkHEBz0IwZjXth9G825w-JfYg-VrU_VFf2STjcfDPJEceLKppx1bqLD1qsa3MpBiPxcFMQYh2V"             \
    "nj2Pw4BwEZBA9CKlFRRGGVP07GGcKILaoPiTpQSePpgvHCCs9GD1SayxVciV8_2qeJc1xL7W5XCMkxsi"             \
    "6vzZOQz0EYHHFoPistmEqIg2vQ2_H6jWzFig54Ipx0VKfllokV946_17tJ2LEHy9rwY3IJmIYoGR0HJ2"             \
    "xNneTeV6sgX3Ucpw\"}, {\"crv\": \"P-256\", \"kid\": \"e1\", \"kty\": \"EC\", \"x"              \
    "\": \"9qvp5pfv0z9G-woyoFs--TZD4v8GSw1a9xi3Fz0xq-o\", \"y\": \"OYknfuS43KYzV7j3e_"             \
    "535hAVaeOhS-qirVKciILQZ9M\"}]}"
#define TOKEN_RS256                                                                                \
    "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogInIxIn0.eyJpc3MiOiAiaHR0cHM6Ly9pc3N1ZXIuZXhhbXBs"             \
    "ZSIsICJhdWQiOiBbIngiLCAicGRmLW9jciJdLCAic3ViIjogImFsaWNlIiwgImlhdCI6IDEwMDAwMDAs"             \
    "ICJuYmYiOiAxMDAwMDAwLCAiZXhwIjogMTAwMDYwMCwgImVtYWlsIjogInRAZXhhbXBsZS5jb20iLCAi"             \
    "ZW1haWxfdmVyaWZpZWQiOiB0cnVlfQ.BgtPjCcn8yPu-X7-h66PTKo1YuPFk2_Dt0uQXZESb0o1D38UN"             \
    "BBbpJE2Fg8zi24rC97B4f6l8McJtxJ3T1jKfU7mgkoz38UeTJXEqn9hkkYJVVnelPZkdZZg_ysQwdhMv"             \
    "omX5uGDdheh2cgXPaiE0qQCpEQqEF5oFklEdGdkvOyHLth10QnwXsMpQ_qQ4HLiMEhlQlNroCCqk5rvs"             \
    "QEdU8ZXDUIjLF4UMXyjkTEx2NY1Lvu6vTeJZDqN5bJ-B1UvtFSlU_8rUtj7tDOMP6tCSv3nYnpj8rdGy"             \
    "JM5RGBUqoejeieHcrfyBmn0eNfnCxoFK1nFvhKSUvWa7lavfVxvUw"
#define TOKEN_ES256                                                                                \
    "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImUxIn0.eyJpc3MiOiAiaHR0cHM6Ly9pc3N1ZXIuZXhhbXBs"             \
    "ZSIsICJhdWQiOiBbIngiLCAicGRmLW9jciJdLCAic3ViIjogImFsaWNlIiwgImlhdCI6IDEwMDAwMDAs"             \
    "ICJuYmYiOiAxMDAwMDAwLCAiZXhwIjogMTAwMDYwMCwgImVtYWlsIjogInRAZXhhbXBsZS5jb20iLCAi"             \
    "ZW1haWxfdmVyaWZpZWQiOiB0cnVlfQ._FBqhjH3rozTMYpKgCuSPTEb69kNYHrM1XdFdb34u7Dq5P3BM"             \
    "xkQLmzGD0GYvZgrpX98mo0g52IEkjQDsl1LZg"
#define TOKEN_UNKNOWN_KID                                                                          \
    "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogInIyIn0.eyJpc3MiOiAiaHR0cHM6Ly9pc3N1ZXIuZXhhbXBs"             \
    "ZSIsICJhdWQiOiBbIngiLCAicGRmLW9jciJdLCAic3ViIjogImFsaWNlIiwgImlhdCI6IDEwMDAwMDAs"             \
    "ICJuYmYiOiAxMDAwMDAwLCAiZXhwIjogMTAwMDYwMCwgImVtYWlsIjogInRAZXhhbXBsZS5jb20iLCAi"             \
    "ZW1haWxfdmVyaWZpZWQiOiB0cnVlfQ.Efp-khRvU5hcHoGRqaiZ6bpDC4zEzji6oRlV6SQtEaLzjqrxa"             \
    "Ohg_2u2de5kLg2gaZqpb7s0Jx5d40BAJoALggT8MI6zTMGYTyGpJ3INdPJBwkstoSkwwt0Wcol0JI7QN"             \
    "AjGW4RpsYGPkU9dS1TBvfBq-BtGWrAUTcYjFNGfDBxQu9ukK6k4a8w9Y5hdt98f6wvA-iOAQAn66eTqK"             \
    "X0P-hAHWpAYOIlHADCzmNl65xKpWsoBW3TWfE_7__wUrBhSzMO3aK7DcSpGl8lhj82dE3gPc32MWxlrh"             \
    "lrO32MiMhO4LPJwCQMyKiSNasGUzNOtP_ykaK2O0YmrjrM2hnQHGQ"
#define TOKEN_WITHOUT_KID                                                                          \
    "eyJhbGciOiAiUlMyNTYifQ.eyJpc3MiOiAiaHR0cHM6Ly9pc3N1ZXIuZXhhbXBsZSIsICJhdWQiOiBbI"             \
    "ngiLCAicGRmLW9jciJdLCAic3ViIjogImFsaWNlIiwgImlhdCI6IDEwMDAwMDAsICJuYmYiOiAxMDAwM"             \
    "DAwLCAiZXhwIjogMTAwMDYwMCwgImVtYWlsIjogInRAZXhhbXBsZS5jb20iLCAiZW1haWxfdmVyaWZpZ"             \
    "WQiOiB0cnVlfQ.UM-i46L6imijK5lL0kO9_j0Q8rfCwjnvxfann1FF2Xv7gVPWFdPTkSLvtRQ4pAi2P0"             \
    "hbXt3QAz_X3DZlyp2GjU-mIm1DoSU_NWbs5C3e-dFHYMf-w64eOioAXd0vR_rzDYYV1xzjE5yN5_zDD6"             \
    "liv7IGCt3GBbwbZW__J7SXPc5fRoDa8nYAON8DCllDBm0bb6MqTPsfqlsRwj7KPJANsZqTflYcjHMcYX"             \
    "d75xx8rcq76pTpYY3tPHHibH1d965JMn3XVaWKKZcBAH8hGvDq-9r6HVCMQ2LLwLu-NPgVZMVrG0B5VT"             \
    "3oRNzEh3w9tN9aQjKWP2LHUu4fXQyOVvH5wA"
#define TOKEN_B64                                                                                  \
    "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogInIxIiwgImI2NCI6IHRydWUsICJjcml0IjogWyJiNjQiXX0."             \
    "eyJpc3MiOiAiaHR0cHM6Ly9pc3N1ZXIuZXhhbXBsZSIsICJhdWQiOiBbIngiLCAicGRmLW9jciJdLCAi"             \
    "c3ViIjogImFsaWNlIiwgImlhdCI6IDEwMDAwMDAsICJuYmYiOiAxMDAwMDAwLCAiZXhwIjogMTAwMDYw"             \
    "MCwgImVtYWlsIjogInRAZXhhbXBsZS5jb20iLCAiZW1haWxfdmVyaWZpZWQiOiB0cnVlfQ.Bj39ayyVb"             \
    "znEJ82hMNszGrBhTr4YsRGxpF0JkAU0EtKjlKoSUQMMytxjRuBuzcrYepvAcueg7EbhDwd2nsTVFFG_Q"             \
    "mwdzZ_wHq-wLbN7QugIEcOYg5IjaKP1BRwG25IvlyiAlRePbGMI40K65SBn7HobkGQqWP7kMSeKs5zi7"             \
    "aBcGqmxLbmW3OjsTAFCLZmR4YJ0gg7Rww6zndwXblrtntAclevXgDEQaUJduSvFZmE8l6Ms_jJmqIFp9"             \
    "-0568R0e_Qa8-Jf7I7d--HjO1PvY_Y4Samispcsl8aXMrqwxkk0fK3QPDheHCqFmdgPmQuhcv-hRDqwA"             \
    "020pM0RnnxE3Q"

#endif
