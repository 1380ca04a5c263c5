using System.Text;
using DemoVlp.Contracts.Text;
using Microsoft.ML.Tokenizers;

namespace DemoVlp.TextTokenization;

/// <summary>One model's word pieces: BERT's uncased WordPiece over its <c>vocab.txt</c>. Safe for concurrent use.</summary>
internal sealed class WordPieces
{
    /// <summary>The longest text, in UTF-16 characters.</summary>
    public const int MaximumCharacters = 100_000;

    private const int MaximumVocabulary = 1_000_000, MaximumBytes = 64 << 20;
    private const string Unknown = "[UNK]", First = "[CLS]", Last = "[SEP]";
    private readonly WordPieceTokenizer tokenizer;
    private readonly string[] vocabulary;
    private readonly int first, last;

    private WordPieces(string[] vocabulary, WordPieceTokenizer tokenizer)
    {
        (this.vocabulary, this.tokenizer) = (vocabulary, tokenizer);
        (first, last) = (Array.IndexOf(vocabulary, First), Array.IndexOf(vocabulary, Last));
    }

    /// <summary>Reads a vocabulary: UTF-8, one piece a line, the line's number from 0 is its id.</summary>
    /// <exception cref="TokenizationException"><c>bad-vocabulary</c>.</exception>
    public static WordPieces Load(string path)
    {
        if (!File.Exists(path)) throw Bad("The model has no vocab.txt.");
        if (new FileInfo(path).Length > MaximumBytes) throw Bad("The model's vocab.txt is too long.");
        var bytes = File.ReadAllBytes(path);
        string[] lines;
        try
        {
            lines = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes).TrimEnd('\n', '\r').Split('\n');
        }
        catch (DecoderFallbackException)
        {
            throw Bad("The model's vocab.txt is not UTF-8.");
        }
        for (var i = 0; i < lines.Length; i++) lines[i] = lines[i].TrimEnd('\r');
        if (lines.Length > MaximumVocabulary) throw Bad($"The model's vocab.txt has more than {MaximumVocabulary} lines.");
        var seen = new HashSet<string>(lines.Length, StringComparer.Ordinal);
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].Length == 0) throw Bad($"Line {i + 1} of the model's vocab.txt is empty.");
            if (!seen.Add(lines[i])) throw Bad($"Line {i + 1} of the model's vocab.txt repeats an earlier one.");
        }
        foreach (var special in (string[])[Unknown, First, Last])
            if (!seen.Contains(special)) throw Bad($"The model's vocab.txt has no {special}.");
        return new WordPieces(lines, Create(lines));
    }

    /// <summary>Word pieces between [CLS] and [SEP], at most <paramref name="maximumLength"/> with them. [CLS] in the text itself is read as any other word.</summary>
    public TokenizedText Tokenize(string text, int maximumLength)
    {
        var room = maximumLength - 2;
        // Each word is at least one piece: more words than fit cannot change the answer, and a long text costs no more than a short one.
        var (words, cut) = FirstWords(BertText.Clean(text), room);
        var pieces = words.Length == 0 ? [] : tokenizer.EncodeToIds(words, considerPreTokenization: true, considerNormalization: false);
        var kept = Math.Min(pieces.Count, room);
        var ids = new int[kept + 2];
        (ids[0], ids[^1]) = (first, last);
        for (var i = 0; i < kept; i++) ids[i + 1] = pieces[i];
        return new TokenizedText(ids, Array.ConvertAll(ids, id => vocabulary[id]), cut || pieces.Count > room);
    }

    private static (string Words, bool Cut) FirstWords(string text, int count)
    {
        var at = 0;
        for (var words = 0; ; words++)
        {
            while (at < text.Length && text[at] == ' ') at++;
            if (at == text.Length) return (text, false);
            if (words == count) return (text[..at], true);
            while (at < text.Length && text[at] != ' ') at++;
        }
    }

    private static WordPieceTokenizer Create(string[] lines)
    {
        using var normalised = new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', lines)));
        return WordPieceTokenizer.Create(normalised, new WordPieceOptions { PreTokenizer = PreTokenizer.CreateWhiteSpace(), UnknownToken = Unknown });
    }

    private static TokenizationException Bad(string detail) => new(TokenizationException.BadVocabulary, detail);
}
