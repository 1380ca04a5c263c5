using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage.Inference;
using DemoVlp.Testing;
using Microsoft.ML.Tokenizers;

namespace DemoVlp.MovingShapes.Tests;

/// <summary>
/// The models in the box with the detector in the box, on clips of a seed of its own. The bounds lie below what they are worth on 200 clips through the gateway (tests/benchmarks/run.sh shapes),
/// as far as chance among so few goes: they catch whatever makes other inputs of the same clips.
/// </summary>
public sealed class ShippedModelsTests
{
    private const int Clips = 48, Frames = 8;

    private static readonly List<Clip> Unseen = [.. Clip.Of(77, Vocabulary.Standard, Split.Test).Take(Clips)];
    private static readonly Lazy<List<IReadOnlyList<FrameRegions>>> Regions = new(Extract);

    [Fact]
    public void RetrievalModel_OnClipsItHasNotSeen_FindsAndTellsApart()
    {
        var folder = Newest("moving-shapes-retrieval-");
        using var model = RetrievalModel.Load(folder);
        var tokenizer = BertTokenizer.Create(Path.Combine(folder, "vocab.txt"));
        TextEmbedding[] Embed(IEnumerable<string> texts) => [.. model.EmbedTexts([.. texts.Select(IReadOnlyList<int> (text) => tokenizer.EncodeToIds(text))])];
        var (videos, captions) = (model.EmbedVideos(Regions.Value), Embed(Unseen.Select(clip => clip.Captions[0])));

        var first = captions.Index().Count(c =>
        {
            var local = model.Align(c.Item, videos);
            return Enumerable.Range(0, Clips).MaxBy(v => c.Item.GlobalScore(videos[v]) + local[v]) == c.Index;
        });
        var chosen = Unseen.Index().Count(c =>
        {
            var scores = model.ScoreOptions(videos[c.Index], Embed(c.Item.Choices[0].Options));
            return Array.IndexOf(scores, scores.Max()) == c.Item.Choices[0].Answer;
        });

        Assert.InRange(first, 0.9 * Clips, Clips);
        Assert.InRange(chosen, 0.85 * Clips, Clips);
    }

    [Fact]
    public void QuestionAnsweringModel_OnClipsItHasNotSeen_Answers()
    {
        var folder = Newest("moving-shapes-question-answering-");
        using var model = QuestionAnsweringModel.Load(folder);
        var tokenizer = BertTokenizer.Create(Path.Combine(folder, "vocab.txt"));
        var asked = Unseen.Index().SelectMany(clip => clip.Item.Questions.Select(question => (Video: Regions.Value[clip.Index], Question: question))).ToList();

        var answers = model.AnswerEach([.. asked.Select(a => a.Video)], [.. asked.Select(IReadOnlyList<int> (a) => tokenizer.EncodeToIds(a.Question.Text))], 1);

        Assert.InRange(answers.Zip(asked).Count(a => a.First.Answers[0].Answer == a.Second.Question.Answer), 0.85 * asked.Count, asked.Count);
    }

    private static string Newest(string prefix) => Directory.GetDirectories(Path.Combine(RepositoryRoot.Find(), "services", "Training", "BuiltIn"), prefix + "*").Order(StringComparer.Ordinal).Last();

    private static List<IReadOnlyList<FrameRegions>> Extract()
    {
        using var detector = RegionExtractor.Load(Path.Combine(RepositoryRoot.Find(), "services", "RegionExtraction", "BuiltIn", "moving-shapes-2"), "cpu");
        return [.. Unseen.Select(IReadOnlyList<FrameRegions> (clip) => detector.Extract([.. Draw(clip.Scene)], Frames))];
    }

    private static IEnumerable<FrameImage> Draw(Scene scene)
    {
        using var renderer = new SceneRenderer(scene);
        for (var i = 0; i < Frames; i++)
        {
            var frame = (2 * i + 1) * Scene.FrameCount / (2 * Frames);
            var bytes = renderer.Rgb(frame);
            for (var p = 0; p < bytes.Length; p += 3) (bytes[p], bytes[p + 2]) = (bytes[p + 2], bytes[p]);
            yield return new FrameImage(i, (double)frame / Scene.FrameRate, Scene.Width, Scene.Height, bytes);
        }
    }
}
