namespace DemoVlp.TextTokenization.Tests;

public sealed class WordPiecesTests : IDisposable
{
    private readonly Store store = new();
    private readonly WordPieces pieces;

    public WordPiecesTests() => pieces = WordPieces.Load(Path.Combine(store.Root, Store.Directory, "vocab.txt"));

    // Expected pieces are what BertTokenizer (do_lower_case) of the transformers package gives by its rules.
    [Theory]
    [InlineData("A red circle moves", "a red circle move ##s")]
    [InlineData("RED Circle, moving!", "red circle , [UNK] !")]
    [InlineData("circle's", "circle ' s")]
    [InlineData("café Café cafe\u0301 CAFÉ", "cafe cafe cafe cafe")]
    [InlineData("Über naïve", "uber naive")]
    [InlineData("中国red", "中 国 red")]
    [InlineData("red\tcircle\r\nred\u00a0circle\u3000red", "red circle red circle red")]
    [InlineData("r\u0000e\u200bd\u00ad cir\u0007cle", "red circle")]
    [InlineData("$5", "$ 5")]
    [InlineData("[CLS] red", "[ cls ] red")]
    [InlineData("한", "ᄒ ##ᅡ ##ᆫ")]
    [InlineData("zebra", "[UNK]")]
    [InlineData("red😀", "[UNK]")]
    [InlineData("red \ud83d circle", "red circle")]
    public void Tokenize_WhenTextIsUnusual_PiecesAreThoseOfBert(string text, string expected)
    {
        var tokenized = pieces.Tokenize(text, 32);
        Assert.Equal($"[CLS] {expected} [SEP]", string.Join(' ', tokenized.Tokens));
        Assert.Equal(tokenized.Tokens.Select(token => Array.IndexOf(Store.Vocabulary, token)), tokenized.Ids);
        Assert.False(tokenized.Truncated);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \t\n ")]
    [InlineData("\u0000\ufeff")]
    public void Tokenize_WhenThereAreNoWords_OnlyTheFrameIsLeft(string text) => Assert.Equal([2, 3], pieces.Tokenize(text, 8).Ids);

    [Theory]
    [InlineData(100, "x")]
    [InlineData(101, "[UNK]")]
    public void Tokenize_WhenAWordIsLong_ItIsUnknownBeyondAHundredCharacters(int length, string firstPiece) =>
        Assert.Equal(firstPiece, pieces.Tokenize(new string('x', length), 512).Tokens[1]);

    [Theory]
    [InlineData(7, false)]
    [InlineData(6, true)]
    [InlineData(3, true)]
    [InlineData(2, true)]
    public void Tokenize_WhenTheTextIsLongerThanAsked_EndStaysAndTheCutIsReported(int length, bool truncated)
    {
        var tokenized = pieces.Tokenize("a red circle moves", length);
        Assert.Equal(truncated, tokenized.Truncated);
        Assert.Equal(length, tokenized.Ids.Count);
        Assert.Equal((2, 3), (tokenized.Ids[0], tokenized.Ids[^1]));
    }

    [Fact]
    public void Tokenize_WhenOnlyBlanksFollowTheLastPieceThatFits_NothingIsReportedAsCut() => Assert.False(pieces.Tokenize("a red   ", 4).Truncated);

    [Fact]
    public void Load_WhenLinesEndAsOnWindows_PiecesAreTheSame()
    {
        var path = Path.Combine(store.Root, "windows.txt");
        File.WriteAllText(path, string.Join("\r\n", Store.Vocabulary) + "\r\n");
        Assert.Equal(pieces.Tokenize("a red circle", 8).Ids, WordPieces.Load(path).Tokenize("a red circle", 8).Ids);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[UNK]\n[CLS]\n")]
    [InlineData("[UNK]\n[CLS]\n[SEP]\nred\nred\n")]
    [InlineData("[UNK]\n\n[CLS]\n[SEP]\n")]
    public void Load_WhenTheVocabularyIsBroken_SaysSo(string vocabulary)
    {
        var path = Path.Combine(store.Root, "broken.txt");
        File.WriteAllText(path, vocabulary);
        Assert.Equal("bad-vocabulary", Assert.Throws<TokenizationException>(() => WordPieces.Load(path)).Code);
    }

    [Fact]
    public void Load_WhenTheVocabularyIsNotText_SaysSo()
    {
        var path = Path.Combine(store.Root, "binary.txt");
        File.WriteAllBytes(path, [0xff, 0xfe, 0x00, 0xc3]);
        Assert.Equal("bad-vocabulary", Assert.Throws<TokenizationException>(() => WordPieces.Load(path)).Code);
    }

    public void Dispose() => store.Dispose();
}
