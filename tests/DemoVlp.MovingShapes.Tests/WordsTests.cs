namespace DemoVlp.MovingShapes.Tests;

public sealed class WordsTests
{
    private static readonly Clip[] Clips = [.. Clip.Of(5, Vocabulary.Standard, Split.Train).Take(150)];

    [Fact]
    public void Captions_SayNothingThatIsNotTrue()
    {
        foreach (var clip in Clips)
            foreach (var caption in clip.Captions)
            {
                var mentions = Reading.Mentions(caption);
                Assert.NotEmpty(mentions);
                Assert.All(mentions, m => Assert.True(clip.Scene.Objects.Any(o => m.Fits(o.Traits)), $"{caption} | {clip.Scene.Signature}"));
                if (Reading.RelationOf(caption) is not { } relation) continue;
                var (subject, other) = Reading.BeginsWithRelation(caption) ? (mentions[1], mentions[0]) : (mentions[0], mentions[1]);
                Assert.Contains(Relations.Of(clip.Scene), r => r.Relation == relation
                    && subject.Fits(clip.Scene.Objects[r.First].Traits) && other.Fits(clip.Scene.Objects[r.Second].Traits));
            }
    }

    [Fact]
    public void Captions_AreAtLeastFiveAndTheFirstTwoNameEverything()
    {
        foreach (var clip in Clips)
        {
            Assert.InRange(clip.Captions.Count, 5, 10);
            Assert.Equal(clip.Captions.Count, clip.Captions.Distinct().Count());
            foreach (var caption in clip.Captions.Take(2))
            {
                var mentions = Reading.Mentions(caption);
                Assert.Equal(clip.Scene.Objects.Count, mentions.Count);
                Assert.All(clip.Scene.Objects, o => Assert.Contains(new Mention(o.Traits.Shape, o.Traits.Color, o.Traits.Size, o.Traits.Motion), mentions));
            }
        }
        var words = Clips.SelectMany(c => c.Captions).SelectMany(c => c.Split(' ', ',', ':')).Distinct().Count();
        Assert.InRange(words, 100, 400); // Variety, and yet a small language.
        Assert.Contains(Clips.SelectMany(c => c.Captions), c => Reading.RelationOf(c) is not null);
    }

    [Fact]
    public void Words_WhenTheSeedIsTheSame_AreTheSame()
    {
        var again = Clip.Of(5, Vocabulary.Standard, Split.Train).Take(20).ToArray();

        Assert.All(Clips.Zip(again), pair =>
        {
            Assert.Equal(pair.First.Captions, pair.Second.Captions);
            Assert.Equal(pair.First.Questions, pair.Second.Questions);
            Assert.Equal((pair.First.Choice.Answer, string.Join('|', pair.First.Choice.Options)), (pair.Second.Choice.Answer, string.Join('|', pair.Second.Choice.Options)));
        });
    }

    [Fact]
    public void Questions_OfEveryKindHaveAnswersThatTheTruthGives()
    {
        var questions = Clips.SelectMany(c => c.Questions.Select(q => (Clip: c, Question: q))).ToArray();

        Assert.Equal(["color", "how", "number", "what", "where"], questions.Select(q => q.Question.Kind).Distinct().Order());
        Assert.All(questions, q => Assert.Contains(q.Question.Answer, Questions.Answers(Vocabulary.Standard)));
        Assert.Contains(questions, q => q.Question.Answer == "circling");
        foreach (var (clip, question) in questions)
        {
            var objects = clip.Scene.Objects.Select(o => o.Traits).ToArray();
            var meant = objects.Where(t => Named(question.Text, t));
            switch (question.Kind)
            {
                case "color": Assert.Equal([question.Answer], meant.Select(t => Vocabulary.Name(t.Color)).Distinct()); break;
                case "how" when question.Answer is "small" or "large": Assert.Equal([question.Answer], meant.Select(t => Vocabulary.Name(t.Size)).Distinct()); break;
                case "how": Assert.Equal([question.Answer], meant.Select(t => Vocabulary.Name(t.Motion)).Distinct()); break;
                case "number" when question.Text.Contains("can be seen", StringComparison.Ordinal): Assert.Equal(objects.Length, Array.IndexOf(["zero", "one", "two", "three"], question.Answer)); break;
                case "number" when question.Text.Contains("still", StringComparison.Ordinal):
                    Assert.Equal(objects.Count(t => t.Motion == MotionKind.Still), Array.IndexOf(["zero", "one", "two", "three"], question.Answer));
                    break;
                case "number" when Enum.GetValues<ColorName>().Any(c => question.Text.Contains($" {Vocabulary.Name(c)} ", StringComparison.Ordinal)):
                    Assert.Equal(objects.Count(t => question.Text.Contains($" {Vocabulary.Name(t.Color)} ", StringComparison.Ordinal)), Array.IndexOf(["zero", "one", "two", "three"], question.Answer));
                    break;
            }
        }
    }

    [Fact]
    public void Choices_OfferFourNearMissesThatDifferInOneTrait()
    {
        foreach (var clip in Clips)
        {
            var options = clip.Choice.Options.Select(Reading.Mentions).ToArray();
            var truth = options[clip.Choice.Answer];
            Assert.Equal(5, clip.Choice.Options.Distinct().Count());
            Assert.All(truth, m => Assert.Contains(clip.Scene.Objects, o => m.Fits(o.Traits)));
            Assert.Null(clip.Choice.Changed[clip.Choice.Answer]);
            foreach (var (miss, said) in options.Zip(clip.Choice.Changed).Where((_, i) => i != clip.Choice.Answer))
            {
                var differences = truth.Zip(miss).SelectMany(pair => Differences(pair.First, pair.Second)).ToArray();
                Assert.Equal(said, Assert.Single(differences));
                Assert.Contains(miss, m => !clip.Scene.Objects.Any(o => m.Fits(o.Traits)));
            }
            Assert.Equal(["color", "motion", "shape", "size"], clip.Choice.Changed.OfType<string>().Order());
        }
        Assert.Equal([0, 1, 2, 3, 4], Clips.Select(c => c.Choice.Answer).Distinct().Order());
    }

    private static IEnumerable<string> Differences(Mention a, Mention b)
    {
        if (a.Shape != b.Shape) yield return "shape";
        if (a.Color != b.Color) yield return "color";
        if (a.Size != b.Size) yield return "size";
        if (a.Motion != b.Motion) yield return "motion";
    }

    // Whether the words of a question (of shape, colour and size, or of motion) point at an object.
    private static bool Named(string question, Traits t)
    {
        var name = question[question.IndexOf(" the ", StringComparison.Ordinal)..].Replace(" the color of", "", StringComparison.Ordinal);
        var words = name.TrimEnd('?').Split(' ', StringSplitOptions.RemoveEmptyEntries).TakeWhile(w => w is not ("move" or "behave")).ToArray();
        if (name.Contains(" that ", StringComparison.Ordinal))
            return name.Contains(t.Motion switch { MotionKind.Still => "stays still", MotionKind.Circling => "circular", _ => $"moves {Vocabulary.Name(t.Motion)}" }, StringComparison.Ordinal);
        return words.Skip(1).All(w => w == "object" || w == Vocabulary.Name(t.Shape) || w == Vocabulary.Name(t.Color) || w == Vocabulary.Name(t.Size));
    }
}
