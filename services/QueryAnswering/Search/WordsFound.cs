using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Text;
using DemoVlp.QueryAnswering.Index;
using ModelEvidence = DemoVlp.Modeling.VideoLanguage.Inference.WordEvidence;

namespace DemoVlp.QueryAnswering.Search;

/// <summary>For each word of a text the region that it looks at most, and the moment that most words look at.</summary>
internal sealed record WordsFound(Moment? Moment, IReadOnlyList<WordEvidence> Evidence)
{
    private const string Continuation = "##";

    /// <summary>Joins word pieces to words: a word looks where its most certain piece does. Punctuation and the frame marks are no words.</summary>
    public static WordsFound Create(TokenizedText text, VideoDetail video, IReadOnlyList<ModelEvidence> pieces)
    {
        var words = new List<(string Word, ModelEvidence Piece)>();
        foreach (var piece in pieces.Where(p => p.TokenIndex < text.Tokens.Count - 1).OrderBy(p => p.TokenIndex))
        {
            var token = text.Tokens[piece.TokenIndex];
            if (token.StartsWith(Continuation, StringComparison.Ordinal) && words.Count > 0)
            {
                var (word, best) = words[^1];
                words[^1] = (word + token[Continuation.Length..], piece.Weight > best.Weight ? piece : best);
            }
            else words.Add((token, piece));
        }
        var found = words.Where(w => w.Word.Any(char.IsLetterOrDigit)).Select(w => (w.Word, w.Piece.Weight, Place: video[w.Piece.Region])).ToList();
        var frame = found.GroupBy(f => f.Place.FrameIndex).OrderByDescending(g => g.Sum(f => f.Weight)).ThenBy(g => g.Key).FirstOrDefault();
        return new WordsFound(
            frame is null ? null : new Moment(frame.Key, frame.First().Place.TimestampSeconds),
            [.. found.Select(f => new WordEvidence(f.Word, f.Place.FrameIndex, f.Place.Box.ToArray(), Math.Round(f.Weight, 5)))]);
    }
}
