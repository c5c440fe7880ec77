//! The examples of RFC 7541 appendix C, rules that a block can break, and both directions against each other.

use proptest::prelude::*;

use super::huffman::tests::encode;
use super::*;

type Fields = Vec<(Vec<u8>, Vec<u8>)>;

fn decode(decoder: &mut Decoder, block: &[u8]) -> Result<Fields, Broken> {
    let mut lines = Vec::new();
    decoder.decode(block, |line| lines.push((line.text.to_vec(), line.value.to_vec())))?;
    Ok(lines)
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).expect("ascii"), 16).expect("hex")).collect()
}

fn check(decoder: &mut Decoder, block: &str, expect: &[(&str, &str)], table: usize) {
    let expect: Fields = expect.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    assert_eq!(decode(decoder, &hex(block)), Ok(expect));
    assert_eq!(decoder.table_size(), table);
}

#[test]
fn appendix_c_2_single_fields() {
    let literal = "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572";
    check(&mut Decoder::default(), literal, &[("custom-key", "custom-header")], 55);
    check(&mut Decoder::default(), "040c 2f73 616d 706c 652f 7061 7468", &[(":path", "/sample/path")], 0);
    check(&mut Decoder::default(), "1008 7061 7373 776f 7264 0673 6563 7265 74", &[("password", "secret")], 0);
    check(&mut Decoder::default(), "82", &[(":method", "GET")], 0);
}

#[test]
fn appendix_c_3_and_4_requests() {
    let get = [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "www.example.com")];
    let uncached = [&get[..], &[("cache-control", "no-cache")]].concat();
    let custom = [
        (":method", "GET"),
        (":scheme", "https"),
        (":path", "/index.html"),
        (":authority", "www.example.com"),
        ("custom-key", "custom-value"),
    ];
    let plain = [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ];
    let coded = [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ];
    for [first, second, third] in [plain, coded] {
        let decoder = &mut Decoder::default();
        check(decoder, first, &get, 57);
        check(decoder, second, &uncached, 110);
        check(decoder, third, &custom, 164);
    }
}

#[test]
fn appendix_c_6_responses_evict_in_a_table_of_256() {
    let decoder = &mut Decoder::default();
    let first = [
        (":status", "302"),
        ("cache-control", "private"),
        ("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
        ("location", "https://www.example.com"),
    ];
    // The size update of 256 stands before the first block; the RFC assumes it.
    let block = "3fe101 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3";
    check(decoder, block, &first, 222);
    let second = [&[(":status", "307")], &first[1..]].concat();
    check(decoder, "4883 640e ffc1 c0bf", &second, 222);
    let third = [
        (":status", "200"),
        ("cache-control", "private"),
        ("date", "Mon, 21 Oct 2013 20:13:22 GMT"),
        ("location", "https://www.example.com"),
        ("content-encoding", "gzip"),
        ("set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"),
    ];
    let block = "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07";
    check(decoder, block, &third, 215);
}

#[test]
fn broken_blocks() {
    let blocks = [
        "80",                  // index 0
        "c6",                  // an entry that is not there
        "7f00 01 61",          // likewise, for a name
        "3fe2 1f",             // a table of 4097
        "8220",                // a size update behind a field
        "ff ffff ffff 7f",     // an integer without end
        "0003 61",             // truncated
        "00",                  // truncated
        "0001 6182 1fff",      // eight bits of padding
        "0001 6184 ffff ffff", // the end of a string inside it
    ];
    for block in blocks {
        assert_eq!(decode(&mut Decoder::default(), &hex(block)), Err(Broken), "{block}");
    }
}

#[test]
fn entry_larger_than_the_table_empties_it() {
    let decoder = &mut Decoder::default();
    let small = hex("4001 61 01 62");
    assert!(decode(decoder, &small).is_ok() && decoder.table_size() == 34);
    let mut large = hex("4001 61 7f 811f");
    large.extend(vec![b'v'; 127 + 0x81 - 0x80 + (0x1f << 7)]);
    assert_eq!(decode(decoder, &large).map(|fields| fields.len()), Ok(1));
    assert_eq!(decoder.table_size(), 0);
}

#[test]
fn name_may_stand_in_the_entry_that_has_to_go() {
    let decoder = &mut Decoder::default();
    let block = hex("3f05 4003 616263 01 31 7e 01 32 7e 01 33 be");
    let fields = decode(decoder, &block).expect("valid");
    assert_eq!(fields.last(), Some(&(b"abc".to_vec(), b"3".to_vec())));
}

fn encode_block(encoder: &mut Encoder, fields: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    encoder.begin(&mut out);
    Encoder::status(&mut out, 418);
    for (name, value) in fields {
        encoder.field(&mut out, name.as_bytes(), value.as_bytes());
    }
    out
}

#[test]
fn repeated_fields_cost_a_byte() {
    let (encoder, decoder) = (&mut Encoder::default(), &mut Decoder::default());
    let fields = [("content-type", "text/plain"), ("server", "tlsgi"), ("set-cookie", "a=b"), ("x-own", "1")];
    let expect = decode(decoder, &encode_block(encoder, &fields)).expect("valid");
    assert_eq!(decoder.table_size(), 0);
    assert_eq!(decode(decoder, &encode_block(encoder, &fields)).as_ref(), Ok(&expect));
    let again = encode_block(encoder, &fields);
    assert_eq!(decode(decoder, &again), Ok(expect));
    assert_eq!(again.len(), 5 + 1 + 1 + 2 + 4 + 1 + 6 + 2);
    assert!(!again.windows(5).any(|window| window == b"tlsgi") && again.windows(3).any(|window| window == b"a=b"));
}

#[test]
fn offered_tables_are_acknowledged_in_the_next_block() {
    let (encoder, decoder) = (&mut Encoder::default(), &mut Decoder::default());
    let fields = [("server", "tlsgi")];
    for _ in 0..2 {
        decode(decoder, &encode_block(encoder, &fields)).expect("valid");
    }
    assert_eq!(decoder.table_size(), 43);
    encoder.offer(0);
    let block = encode_block(encoder, &fields);
    assert_eq!(block.first(), Some(&0x20));
    decode(decoder, &block).expect("valid");
    assert_eq!(decoder.table_size(), 0);
    encoder.offer(10);
    encoder.offer(100_000);
    let block = encode_block(encoder, &fields);
    assert_eq!(block.get(..4), Some(&[0x2a, 0x3f, 0xe1, 0x1f][..]));
    decode(decoder, &block).expect("valid");
    encoder.offer(4096);
    decode(decoder, &encode_block(encoder, &fields)).expect("valid");
    let again = encode_block(encoder, &fields);
    assert_eq!(again.last(), Some(&0xbe));
}

proptest! {
    #[test]
    fn what_was_encoded_is_decoded(
        blocks in proptest::collection::vec(
            proptest::collection::vec((0_usize..16, "[ -~]{0,200}", any::<Option<u16>>()), 0..12), 1..40,
        ),
    ) {
        let (mut encoder, mut decoder) = (Encoder::default(), Decoder::default());
        let names = ["content-type", "date", "server", "vary", "set-cookie", "x-own", "content-length", "etag", "location",
            "cache-control", "x-frame-options", "referrer-policy", "accept-ranges", "content-encoding", "link", "a"];
        for block in blocks {
            let fields: Vec<_> = block.iter().map(|(name, value, _)| (names[*name], value.as_str())).collect();
            let encoded = encode_block(&mut encoder, &fields);
            let mut expect: Fields = vec![(b":status".to_vec(), b"418".to_vec())];
            expect.extend(fields.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())));
            prop_assert_eq!(decode(&mut decoder, &encoded), Ok(expect));
            if let Some((_, _, Some(size))) = block.first() {
                encoder.offer(u32::from(*size));
            }
        }
    }

    #[test]
    fn coded_and_plain_strings_say_the_same(name in "[a-z-]{1,40}", value: Vec<u8>) {
        let mut plain = vec![0];
        integer::put(&mut plain, 0, 7, name.len());
        plain.extend(name.as_bytes());
        integer::put(&mut plain, 0, 7, value.len());
        plain.extend(&value);
        let mut coded = vec![0];
        let (coded_name, coded_value) = (encode(name.as_bytes()), encode(&value));
        integer::put(&mut coded, 0x80, 7, coded_name.len());
        coded.extend(coded_name);
        integer::put(&mut coded, 0x80, 7, coded_value.len());
        coded.extend(coded_value);
        prop_assert_eq!(decode(&mut Decoder::default(), &plain), decode(&mut Decoder::default(), &coded));
    }

    #[test]
    fn any_bytes_leave_the_table_within_its_bounds(blocks: Vec<Vec<u8>>) {
        let mut decoder = Decoder::default();
        for block in blocks {
            let outcome = decode(&mut decoder, &block);
            prop_assert!(decoder.table_size() <= 4096);
            if outcome.is_err() {
                break;
            }
        }
    }
}
