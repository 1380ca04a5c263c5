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
            Assert.Equal(pair.First.Choices.Select(Written), pair.Second.Choices.Select(Written));
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
    public void Questions_AboutWhereOneIsFromAnother_HaveOneAnswer()
    {
        var asked = Clips.SelectMany(c => c.Questions.Select(q => (c.Scene, Question: q, Match: System.Text.RegularExpressions.Regex.Match(q.Text, "^where is (the .+) relative to (the .+)\\?$")))).Where(q => q.Match.Success).ToArray();

        Assert.Equal(["above", "below", "left", "right"], asked.Select(q => q.Question.Answer).Distinct().Order());
        foreach (var (scene, question, match) in asked)
        {
            var (one, other) = (Meant(match.Groups[1].Value), Meant(match.Groups[2].Value));
            foreach (var frame in Enumerable.Range(0, Scene.FrameCount))
            {
                var (a, b) = (one.Track.At(frame), other.Track.At(frame));
                var (along, across) = question.Answer switch { "above" => (b.Y - a.Y, a.X - b.X), "below" => (a.Y - b.Y, a.X - b.X), "left" => (b.X - a.X, a.Y - b.Y), _ => (a.X - b.X, a.Y - b.Y) };
                Assert.True(along > 30 && Math.Abs(across) <= 30, $"{question.Text} {question.Answer}: {along}, {across} in frame {frame}");
            }

            SceneObject Meant(string name) => Assert.Single(scene.Objects, o => Named($" {name}", o.Traits));
        }
    }

    [Fact]
    public void Choices_OfferFourNearMissesThatDifferInOneTrait()
    {
        foreach (var (clip, choice) in Clips.SelectMany(clip => clip.Choices.Select(choice => (clip, choice))))
        {
            var options = choice.Options.Select(Reading.Mentions).ToArray();
            var truth = options[choice.Answer];
            Assert.Equal(5, choice.Options.Distinct().Count());
            Assert.All(truth, m => Assert.Contains(clip.Scene.Objects, o => m.Fits(o.Traits)));
            Assert.Null(choice.Changed[choice.Answer]);
            foreach (var (miss, said) in options.Zip(choice.Changed).Where((_, i) => i != choice.Answer))
            {
                var differences = truth.Zip(miss).SelectMany(pair => Differences(pair.First, pair.Second)).ToArray();
                Assert.Equal(said, Assert.Single(differences));
                Assert.Contains(miss, m => !clip.Scene.Objects.Any(o => m.Fits(o.Traits)));
            }
            Assert.Equal(["color", "motion", "shape", "size"], choice.Changed.OfType<string>().Order());
        }
        Assert.Equal([0, 1, 2, 3, 4], Clips.SelectMany(c => c.Choices).Select(c => c.Answer).Distinct().Order());
    }

    [Fact]
    public void Choices_OfClipsToLearnFrom_AreSeveralAndEverySecondTakesWhatItCanFromAnotherObject()
    {
        Assert.Single(Clip.Of(5, Vocabulary.Standard, Split.Test).First().Choices);
        foreach (var clip in Clips)
        {
            Assert.Equal(8, clip.Choices.Count);
            Assert.Equal(8, clip.Choices.Select(Written).Distinct().Count());
            // Where all colours differ, any of them may stand for another one's.
            var colors = clip.Scene.Objects.Select(o => o.Traits.Color).ToArray();
            if (colors.Length == 1 || colors.Distinct().Count() < colors.Length || clip.Scene.Objects.DistinctBy(o => o.Traits.Shape).Count() < colors.Length) continue;
            foreach (var choice in clip.Choices.Index().Where(c => c.Index % 2 == 1).Select(c => c.Item))
            {
                var said = Reading.Mentions(choice.Options.Zip(choice.Changed).Single(o => o.Second == "color").First);
                Assert.All(said, m => Assert.Contains(colors, c => c == m.Color));
            }
        }
    }

    private static string Written(Choice choice) => $"{choice.Answer}: {string.Join('|', choice.Options)}";

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
